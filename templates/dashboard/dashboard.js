// Shows the reports of `wt` and patches what changed, row by row: focus and scroll stay where they are. Everything that
// others wrote (branches, commands, logs) is put in as text.
'use strict';

const byId = (id) => document.getElementById(id);
const KEY = 'wt-token';

// The token stands behind `#`, which no server sees. A reload must not lose it, and no other port may read it.
function token() {
  const given = location.hash.slice(1);
  if (/^[0-9a-f]{32}$/.test(given)) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(KEY) ?? '';
}

class Refused extends Error {}

async function ask(path, options = {}) {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token()}` }, cache: 'no-store', ...options });
  if (answer.status === 401) {
    throw new Refused('This page has no token, or an old one: open the address that `wt serve --url` shows on a terminal.');
  }
  return answer;
}

async function report(path) {
  const answer = await ask(path);
  const body = await answer.json();
  if (body.error) throw new Error(body.error.message);
  return body;
}

const state = { worktrees: [], conflicts: [], findings: [], events: [], shown: null };

// Elements.

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function make(name, classes, text) {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  if (text !== undefined) element.textContent = text;
  return element;
}

// Puts one child for each thing, in order, and keeps the child that a key had before.
function patch(parent, things, key, create, update) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let at = parent.firstElementChild;
  for (const thing of things) {
    const name = key(thing);
    let child = before.get(name);
    if (child) before.delete(name);
    else {
      child = create(thing);
      child.dataset.key = name;
    }
    update(child, thing);
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
  for (const gone of before.values()) gone.remove();
}

// Worktrees.

const keyOf = (worktree) => `${worktree.repository}\n${worktree.path}`;

function serviceState(port) {
  return port.state ?? port.health?.state ?? '';
}

function kind(word) {
  if (['ready', 'healthy', 'completed', 'asleep'].includes(word)) return 'good';
  if (['failed', 'unhealthy', 'missing', 'setup failed', 'backoff'].includes(word)) return 'bad';
  return ['starting', 'creating', 'setting up', 'not_running'].includes(word) ? 'doubt' : 'faint';
}

function states(worktree) {
  const words = [];
  if (worktree.missing) words.push('missing');
  if (worktree.state && worktree.state !== 'active') words.push(worktree.state);
  if (worktree.setup?.state === 'failed') words.push('setup failed');
  if (worktree.setup?.state === 'running') words.push('setting up');
  if (worktree.locked) words.push('locked');
  if (worktree.foreign) words.push('foreign');
  if (!worktree.registered && !worktree.main) words.push('not recorded');
  if (worktree.main) words.push('main');
  for (const agent of worktree.agents ?? []) words.push(`${agent.program} ${agent.state}`);
  return words;
}

function changes(worktree) {
  const parts = [];
  const counted = worktree.changes;
  if (counted) {
    for (const [word, sign] of [['staged', '+'], ['modified', '!'], ['untracked', '?']]) {
      if (counted[word]) parts.push(`${sign}${counted[word]} ${word}`);
    }
  }
  if (worktree.ahead) parts.push(`${worktree.ahead} ahead`);
  if (worktree.behind) parts.push(`${worktree.behind} behind`);
  return parts.join(', ');
}

function badness(worktree) {
  const words = [...states(worktree), ...worktree.ports.map(serviceState)].map(kind);
  return words.includes('bad') ? 0 : words.includes('doubt') ? 1 : 2;
}

const ORDERS = {
  repository: (one, other) => one.repository.localeCompare(other.repository) || one.name.localeCompare(other.name),
  name: (one, other) => one.name.localeCompare(other.name),
  branch: (one, other) => (one.branch ?? '').localeCompare(other.branch ?? ''),
  worst: (one, other) => badness(one) - badness(other) || one.name.localeCompare(other.name),
  newest: (one, other) => (other.created_at ?? '').localeCompare(one.created_at ?? ''),
};

function fits(worktree, words) {
  const text = [worktree.name, worktree.branch, worktree.repository, worktree.purpose, ...states(worktree),
    ...worktree.ports.flatMap((port) => [port.service, String(port.port), serviceState(port)])].join(' ').toLowerCase();
  return words.every((word) => text.includes(word));
}

function createRow() {
  const row = document.createElement('tr');
  for (const name of ['Worktree', 'Branch', 'Changes', 'Services', 'State']) {
    const cell = document.createElement('td');
    cell.dataset.name = name;
    row.append(cell);
  }
  const name = make('button', 'name');
  name.type = 'button';
  name.addEventListener('click', () => open(row.dataset.key));
  row.children[0].append(name, make('span', 'repository'));
  return row;
}

function updateRow(row, worktree) {
  const [name, branch, changed, services, words] = row.children;
  put(name.children[0], worktree.name);
  put(name.children[1], worktree.repository);
  put(branch, worktree.branch ?? 'detached');
  put(changed, changes(worktree));
  patch(services, worktree.ports, (port) => port.service, createService, updateService);
  patch(words, states(worktree), (word) => word, () => make('span', 'service'), (element, word) => {
    put(element, word);
    element.className = `service ${kind(word)}`;
  });
}

function createService(port) {
  const line = make('span', 'service');
  const isWeb = /^https?:\/\//.test(port.url ?? '');
  line.append(make(isWeb ? 'a' : 'span'), make('span'));
  if (isWeb) Object.assign(line.children[0], { target: '_blank', rel: 'noopener noreferrer' });
  return line;
}

function updateService(line, port) {
  const [name, word] = line.children;
  put(name, `${port.service} ${port.port}`);
  if (name.tagName === 'A' && /^https?:\/\//.test(port.url ?? '')) name.href = port.url;
  const said = serviceState(port);
  put(word, said ? ` ${said.replace('_', ' ')}` : '');
  word.className = kind(said);
}

function show() {
  const words = byId('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = state.worktrees.filter((worktree) => fits(worktree, words)).sort(ORDERS[byId('order').value]);
  patch(byId('rows'), fitting, keyOf, createRow, updateRow);
  byId('none').hidden = fitting.length > 0;
  const ports = state.worktrees.flatMap((worktree) => worktree.ports);
  const bad = ports.filter((port) => kind(serviceState(port)) === 'bad').length;
  const ready = ports.filter((port) => kind(serviceState(port)) === 'good').length;
  const repositories = new Set(state.worktrees.map((worktree) => worktree.repository)).size;
  const counted = (count, word, many) => `${count} ${count === 1 ? word : many}`;
  put(byId('sums'), `${counted(state.worktrees.length, 'worktree', 'worktrees')} in ${counted(repositories, 'repository', 'repositories')}; ` +
    `${counted(ports.length, 'port', 'ports')}, ${ready} ready, ${bad} failing`);
  showProblems();
  showEvents();
}

function showEvents() {
  byId('past').hidden = state.events.length === 0;
  patch(byId('events'), state.events, (event) => String(event.sequence), () => {
    const item = make('li');
    item.append(make('time'), ' ', make('span'));
    return item;
  }, (item, event) => {
    item.children[0].dateTime = event.at;
    put(item.children[0], new Date(event.at).toLocaleTimeString());
    const about = [event.event.replaceAll('_', ' '), event.worktree, event.service, event.port].filter(Boolean).join(' ');
    put(item.children[1], event.by ? `${about}, by ${event.by.user} (${event.by.command})` : about);
  });
}

function showProblems() {
  const conflicts = state.conflicts.filter((conflict) => conflict.kind !== 'mismatch' && conflict.level !== 'low')
    .map((conflict) => ({ text: `Port ${conflict.port}: ${conflict.reason ?? conflict.level_reason ?? conflict.kind}`, fix: conflict.fix }));
  const findings = state.findings.filter((finding) => ['critical', 'error'].includes(finding.severity))
    .map((finding) => ({ text: `${finding.worktree ?? finding.subject ?? ''} ${finding.message}`.trim(), fix: finding.hint }));
  const problems = [...conflicts, ...findings];
  byId('wrong').hidden = problems.length === 0;
  patch(byId('problems'), problems, (problem) => problem.text, () => {
    const item = make('li');
    item.append(make('span'), ' ', make('code'));
    return item;
  }, (item, problem) => {
    put(item.children[0], problem.text);
    put(item.children[1], problem.fix ?? '');
  });
}

// Details of one worktree.

function find(key) {
  return state.worktrees.find((worktree) => keyOf(worktree) === key);
}

function open(key) {
  state.shown = key;
  byId('details').showModal();
  showDetails();
}

function address(worktree) {
  return `api/worktrees/${encodeURIComponent(worktree.repository_name ?? '')}/${encodeURIComponent(worktree.name)}`;
}

function megabytes(bytes) {
  return bytes === undefined || bytes === null ? '' : `${(bytes / 1048576).toFixed(0)} MiB`;
}

async function showDetails() {
  const worktree = find(state.shown);
  if (!worktree) return;
  put(byId('details-title'), worktree.name);
  const facts = [['Folder', worktree.path], ['Branch', worktree.branch ?? 'detached'], ['Commit', worktree.head ?? ''],
    ['Purpose', worktree.purpose ?? ''], ['Created', worktree.created_at ?? ''], ['State', states(worktree).join(', ')]];
  patch(byId('facts'), facts.filter((fact) => fact[1]).flatMap(([name, value]) => [['dt', name, name], ['dd', name, value]]),
    ([tag, name]) => `${tag}-${name}`, ([tag]) => make(tag), (element, [, , text]) => put(element, text));
  if (!worktree.registered) return;
  try {
    const [status, logs] = await Promise.all([report(address(worktree)), report(`${address(worktree)}/logs?tail=100`)]);
    if (state.shown !== keyOf(worktree)) return;
    patch(byId('services'), status.services, (service) => service.service, () => {
      const row = make('tr');
      for (let cell = 0; cell < 6; cell += 1) row.append(make('td'));
      return row;
    }, (row, service) => {
      const cpu = service.cpu_percent === undefined || service.cpu_percent === null ? '' : `${service.cpu_percent.toFixed(1)} %`;
      const cells = [service.service, service.reason ? `${service.state}: ${service.reason}` : service.state, String(service.port ?? ''),
        megabytes(service.memory_bytes), cpu, String(service.restarts ?? '')];
      cells.forEach((text, index) => put(row.children[index], text));
      row.children[1].className = kind(service.state);
    });
    const box = byId('logs');
    const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
    // Colours mean nothing here.
    put(box, logs.lines.map((line) => `${line.service} | ${line.line.replace(/\u001b\[[0-9;:]*m/g, '')}`).join('\n'));
    if (isAtEnd) box.scrollTop = box.scrollHeight;
  } catch (failure) {
    put(byId('logs'), failure.message);
  }
}

// What is shown follows what changes.

function complain(text) {
  put(byId('notice'), text);
  byId('notice').hidden = !text;
}

let loading = null;
let again = false;

async function load() {
  // One at a time; what changed meanwhile is loaded once more behind it.
  if (loading) {
    again = true;
    return loading;
  }
  loading = (async () => {
    do {
      again = false;
      try {
        state.worktrees = (await report('api/worktrees')).worktrees;
        complain('');
        show();
        if (byId('details').open) await showDetails();
        await loadProblems();
      } catch (failure) {
        complain(failure.message);
        if (failure instanceof Refused) throw failure;
      }
    } while (again);
  })().finally(() => { loading = null; });
  return loading;
}

let problemsAt = 0;
let problemsLater = 0;

// These look closer at the machine: not more often than each two seconds.
async function loadProblems() {
  const wait = problemsAt + 2000 - Date.now();
  if (wait > 0) {
    clearTimeout(problemsLater);
    problemsLater = setTimeout(loadProblems, wait);
    return;
  }
  problemsAt = Date.now();
  const [conflicts, findings, events] = await Promise.all([report('api/conflicts'), report('api/findings'), report('api/events?since=24h')]);
  state.events = events.events.slice(-50).reverse();
  state.conflicts = conflicts.conflicts;
  state.findings = findings.findings;
  show();
}

function say(word, text) {
  byId('link').dataset.state = word;
  put(byId('link'), text);
}

// EventSource cannot send a header, so the stream is read by hand.
async function follow() {
  for (;;) {
    try {
      const answer = await ask('events');
      if (!answer.ok) throw new Error(`the stream of changes answers ${answer.status}`);
      say('open', 'live');
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const blocks = (rest + value).split('\n\n');
        rest = blocks.pop();
        if (blocks.some((block) => /^event: changed$/m.test(block))) {
          others.postMessage('changed');
          load().catch(() => {});
        }
      }
    } catch (failure) {
      if (failure instanceof Refused) {
        say('lost', 'no token');
        complain(failure.message);
        return;
      }
    }
    say('lost', 'not connected; trying again');
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
  }
}

// Several tabs share one stream: a browser opens six connections to a host at most. One reads it and tells the others.
const others = new BroadcastChannel('wt-changes');

others.onmessage = () => {
  say('open', 'live');
  load().catch(() => {});
};

function share() {
  // Whoever gets the lock reads, until its tab is closed; then the next one does.
  navigator.locks.query().then(({ held }) => {
    if (held.some((lock) => lock.name === 'wt-stream')) say('open', 'live, through another tab');
  });
  navigator.locks.request('wt-stream', follow);
}

// Keys.

function rows() {
  return [...document.querySelectorAll('#rows .name')];
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || byId('details').open) return;
  const isTyping = ['INPUT', 'SELECT', 'TEXTAREA'].includes(document.activeElement?.tagName);
  if (isTyping && event.key === 'Escape') document.activeElement.blur();
  if (isTyping) return;
  const all = rows();
  const at = all.indexOf(document.activeElement);
  if (event.key === '/') byId('filter').focus();
  else if (event.key === 'j') all[Math.min(at + 1, all.length - 1)]?.focus();
  else if (event.key === 'k') all[Math.max(at - 1, 0)]?.focus();
  else if (event.key === 'o') all[at]?.closest('tr').querySelector('a')?.click();
  else return;
  event.preventDefault();
});

byId('narrow').addEventListener('submit', (event) => event.preventDefault());
byId('filter').addEventListener('input', show);
byId('order').addEventListener('change', show);
byId('close').addEventListener('click', () => byId('details').close());
byId('details').addEventListener('close', () => { state.shown = null; });

load().catch(() => {});
share();
