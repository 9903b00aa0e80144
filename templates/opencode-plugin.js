// Written by `wt agent install opencode`; `wt agent uninstall opencode` takes it away.
// A plugin as https://opencode.ai/docs/plugins describes it: it tells wt of sessions, and the model of its ports.
import { spawn } from "node:child_process"

export const WtPlugin = async ({ directory }) => {
  const said = new Map()

  // Never fails, and never waits for longer than wt does: two seconds.
  const call = (words, session) =>
    new Promise((resolve) => {
      let text = ""
      try {
        const pid = String(process.pid)
        const child = spawn("git-wt", ["agent", ...words, "--as", "opencode", "--pid", pid], {
          cwd: directory,
          stdio: ["pipe", "pipe", "ignore"],
          timeout: 5000,
        })
        child.on("error", () => resolve(""))
        child.on("close", () => resolve(text))
        child.stdout.on("data", (bytes) => (text += bytes))
        child.stdin.on("error", () => {})
        child.stdin.end(JSON.stringify({ cwd: directory, session_id: session }))
      } catch {
        resolve("")
      }
    })

  const enter = async (session) => {
    if (!said.has(session)) said.set(session, call(["enter"], session))
    return await said.get(session)
  }

  return {
    event: async ({ event }) => {
      const told = event.properties ?? {}
      const session = told.sessionID ?? told.info?.id
      if (!session) return
      if (event.type === "session.created") await enter(session)
      if (event.type === "session.status" && told.status?.type === "busy") await call(["state", "working"], session)
      if (event.type === "permission.asked") await call(["state", "waiting"], session)
      if (event.type === "permission.replied") await call(["state", "working"], session)
      if (event.type === "session.idle") await call(["state", "done"], session)
      if (event.type === "session.deleted") await call(["leave"], session)
    },
    "experimental.chat.system.transform": async ({ sessionID }, output) => {
      if (!sessionID) return
      const text = (await enter(sessionID)).trim()
      if (text) output.system.push(text)
    },
  }
}
