# vite.config.ts
export default { server: { port: 5173 } }
