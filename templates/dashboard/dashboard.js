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

// `used` is what `/metrics` says of each service, `held` what is known of each port.
const state = { worktrees: [], conflicts: [], findings: [], events: [], used: new Map(), held: new Map(), team: [], shown: null };

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

const usedBy = (worktree, service) => state.used.get(`${worktree.repository_name}\n${worktree.name}\n${service}`) ?? {};

function serviceState(port) {
  return port.state ?? port.health?.state ?? '';
}

// What else holds the port of a service, where something does.
function foreignVerdict(port) {
  const verdict = state.held.get(port.port) ?? '';
  // The port of a service that sleeps is held for it.
  if (verdict === 'bound' && serviceState(port) === 'asleep') return '';
  return ['', 'free', 'allocated', 'own_listener'].includes(verdict) ? '' : verdict;
}

// Services with a port, and those without one that `/metrics` knows.
function servicesOf(worktree) {
  const begin = `${worktree.repository_name}\n${worktree.name}\n`;
  const named = new Set(worktree.ports.map((port) => port.service));
  const others = [...state.used].filter(([key, used]) => key.startsWith(begin) && !used.port && !named.has(key.slice(begin.length)))
    .map(([key, used]) => ({ service: key.slice(begin.length), state: used.state ?? (used.up ? 'ready' : 'stopped') }));
  return [...worktree.ports, ...others];
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
  if (worktree.damaged) words.push('damaged');
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
  const services = servicesOf(worktree);
  if (services.some((port) => port.port && foreignVerdict(port))) return 0;
  const words = [...states(worktree), ...services.map(serviceState)].map(kind);
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
    ...servicesOf(worktree).flatMap((port) => [port.service, String(port.port ?? ''), serviceState(port)])].join(' ').toLowerCase();
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
  row.dataset.worst = ['bad', 'doubt', 'good'][badness(worktree)];
  patch(services, servicesOf(worktree), (port) => port.service, createService, (line, port) => updateService(line, port, worktree));
  patch(words, states(worktree), (word) => word, () => make('span', 'service'), (element, word) => {
    put(element, word);
    element.className = `service ${kind(word)}`;
  });
}

function createService(port) {
  const line = make('span', 'service');
  const isWeb = /^https?:\/\//.test(port.url ?? '');
  line.append(make(isWeb ? 'a' : 'span'), make('span'), make('span', 'faint'), make('span', 'bad'));
  if (isWeb) Object.assign(line.children[0], { target: '_blank', rel: 'noopener noreferrer' });
  return line;
}

function updateService(line, port, worktree) {
  const [name, word, used, held] = line.children;
  put(name, port.port ? `${port.service} ${port.port}` : port.service);
  if (name.tagName === 'A' && /^https?:\/\//.test(port.url ?? '')) name.href = port.url;
  const said = serviceState(port);
  put(word, said ? ` ${said.replace('_', ' ')}` : '');
  word.className = kind(said);
  const { memory, restarts } = usedBy(worktree, port.service);
  const numbers = [megabytes(memory), restarts ? `${restarts} ${restarts === 1 ? 'restart' : 'restarts'}` : ''].filter(Boolean);
  put(used, numbers.length ? ` ${numbers.join(', ')}` : '');
  const verdict = port.port ? foreignVerdict(port) : '';
  put(held, verdict ? ` held by ${verdict.replace('_', ' ')}` : '');
}

function show() {
  const words = byId('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = state.worktrees.filter((worktree) => fits(worktree, words)).sort(ORDERS[byId('order').value]);
  patch(byId('rows'), fitting, keyOf, createRow, updateRow);
  byId('none').hidden = fitting.length > 0;
  const ports = state.worktrees.flatMap(servicesOf);
  const bad = ports.filter((port) => kind(serviceState(port)) === 'bad').length;
  const ready = ports.filter((port) => kind(serviceState(port)) === 'good').length;
  const repositories = new Set(state.worktrees.map((worktree) => worktree.repository)).size;
  const counted = (count, word, many) => `${count} ${count === 1 ? word : many}`;
  put(byId('sums'), `${counted(state.worktrees.length, 'worktree', 'worktrees')} in ${counted(repositories, 'repository', 'repositories')}; ` +
    `${counted(ports.length, 'service', 'services')}, ${ready} ready, ${bad} failing`);
  showProblems();
  showEvents(words);
  showTeam(words);
}

// What runs on the team's other hosts. An address there leads nowhere from here, so that none is a link.
function showTeam(words) {
  const text = (row) => [row.host, row.user, row.repository, row.worktree, row.branch, row.service, row.state, row.port].join(' ').toLowerCase();
  const fitting = state.team.filter((row) => words.every((word) => text(row).includes(word)));
  patch(byId('elsewhere'), fitting, (row) => [row.host, row.user, row.repository, row.worktree, row.service].join('\n'), () => {
    const line = make('tr');
    for (let cell = 0; cell < 7; cell += 1) line.append(make('td'));
    return line;
  }, (line, row) => {
    const seen = new Date(row.seen).toLocaleTimeString();
    [row.host, row.user, row.worktree, row.service, row.state, String(row.port ?? ''), seen].forEach((cell, index) => put(line.children[index], cell));
    line.children[2].title = [row.repository, row.branch].filter(Boolean).join(', ');
    line.children[4].className = kind(row.state);
  });
}

function showEvents(words) {
  const fitting = state.events.filter((event) => {
    const text = [event.event, event.kind, event.worktree, event.service, event.port].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
  byId('past').hidden = fitting.length === 0;
  patch(byId('events'), fitting, (event) => String(event.sequence), () => {
    const item = make('li');
    item.append(make('time'), ' ', make('span'));
    return item;
  }, (item, event) => {
    item.children[0].dateTime = event.at;
    put(item.children[0], new Date(event.at).toLocaleTimeString());
    const about = [event.event.replaceAll('_', ' '), event.worktree, event.service, event.port].filter(Boolean).join(' ');
    put(item.children[1], event.by ? `${about}, by ${event.by.user} (${event.by.command})` : about);
    item.children[1].className = BAD_NEWS.includes(event.event) ? 'bad' : '';
  });
}

const BAD_NEWS = ['crashed', 'failed', 'unhealthy', 'setup_failed', 'background_failed', 'port_conflict', 'resolve_failed'];

const SEVERITIES = ['critical', 'error', 'warning'];

function showProblems() {
  const conflicts = state.conflicts.filter((conflict) => conflict.kind !== 'mismatch' && conflict.level !== 'low')
    .map((conflict) => ({ severity: 'error', text: `Port ${conflict.port}: ${conflict.reason ?? conflict.level_reason ?? conflict.kind}`,
      fix: conflict.fix ?? (conflict.choices ?? []).join(' or ') }));
  const findings = state.findings.filter((finding) => SEVERITIES.includes(finding.severity))
    .map((finding) => ({ severity: finding.severity, text: `${finding.worktree ?? finding.subject ?? ''} ${finding.message}`.trim(),
      fix: finding.hint ?? (finding.fixable ? 'wt validate --all --verify-ports --fix' : '') }))
    .sort((one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity));
  const problems = [...new Map([...conflicts, ...findings].map((problem) => [problem.text, problem])).values()];
  const errors = problems.filter((problem) => problem.severity !== 'warning');
  const warnings = problems.filter((problem) => problem.severity === 'warning');
  byId('wrong').hidden = problems.length === 0;
  byId('warnings').hidden = warnings.length === 0;
  put(byId('warned'), `${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}`);
  listProblems(byId('problems'), errors, 'bad');
  listProblems(byId('doubts'), warnings, 'doubt');
}

function listProblems(list, problems, classes) {
  patch(list, problems, (problem) => problem.text, () => {
    const item = make('li');
    item.append(make('span', classes), ' ', make('code'));
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
  put(byId('done'), '');
  byId('details').showModal();
  showDetails();
}

function address(worktree) {
  return `api/worktrees/${encodeURIComponent(worktree.repository_name ?? '')}/${encodeURIComponent(worktree.name)}`;
}

function megabytes(bytes) {
  return !bytes || bytes === null ? '' : `${(bytes / 1048576).toFixed(0)} MiB`;
}

async function showDetails() {
  const worktree = find(state.shown);
  if (!worktree) {
    // It was removed while somebody looked at it.
    if (byId('details').open) byId('details').close();
    return;
  }
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

// Actions, where the server allows them.

async function act(word) {
  const worktree = find(state.shown);
  if (!worktree || (word === 'remove' && !confirm(`Remove ${worktree.name}?`))) return;
  for (const button of byId('acts').querySelectorAll('button')) button.disabled = true;
  put(byId('done'), `${word} …`);
  try {
    const headers = { Authorization: `Bearer ${token()}`, 'Content-Type': 'application/json' };
    const answer = await (await ask(`${address(worktree)}/${word}`, { method: 'POST', body: '{}', headers })).json();
    put(byId('done'), answer.error ? [answer.error.message, answer.error.hint].filter(Boolean).join('\n') : `${word}: done`);
  } catch (failure) {
    put(byId('done'), failure.message);
  }
  for (const button of byId('acts').querySelectorAll('button')) button.disabled = false;
}

// What is shown follows what changes.

function complain(text) {
  put(byId('notice'), text);
  byId('notice').hidden = !text;
}

// Runs `work` soon, one at a time and not more often than each `pause`; what is asked for meanwhile is done once behind it.
function sparingly(pause, work) {
  let timer = 0;
  let ended = -Infinity;
  let running = null;
  let again = false;
  const run = () => {
    timer = 0;
    running = work().catch((failure) => complain(failure.message)).finally(() => {
      ended = performance.now();
      running = null;
      if (again) {
        again = false;
        soon();
      }
    });
    return running;
  };
  const soon = () => {
    if (running) again = true;
    else if (!timer) timer = setTimeout(run, Math.max(0, ended + pause - performance.now()));
  };
  return soon;
}

// Everything; git is asked about each worktree.
const loadAll = sparingly(3000, async () => {
  state.worktrees = (await report('api/worktrees')).worktrees;
  complain('');
  show();
  if (byId('details').open) await showDetails();
});

// These look closer at the machine.
const loadProblems = sparingly(2000, async () => {
  const [conflicts, findings, ports, metrics] = await Promise.all([
    report('api/conflicts'), report('api/findings'), report('api/health/ports'), ask('metrics').then((answer) => answer.text())]);
  state.conflicts = conflicts.conflicts;
  state.findings = findings.findings;
  state.held = new Map(ports.ports.map((port) => [port.port, port.verdict]));
  state.used = readMetrics(metrics);
  show();
});

const loadDetails = sparingly(300, async () => {
  if (byId('details').open) await showDetails();
});

const loadPast = sparingly(2000, async () => {
  const past = (await report('api/events?since=24h')).events.slice(-EVENTS).reverse();
  // What came meanwhile is newer.
  const newest = past[0]?.sequence ?? 0;
  state.events = [...state.events.filter((event) => event.sequence > newest), ...past].slice(0, EVENTS);
  show();
});

// Others write into the team's etcd, which nobody is told of.
const loadTeam = sparingly(2000, async () => {
  try {
    const answer = await report('api/team');
    state.team = answer.services.filter((row) => !row.own);
    put(byId('team-said'), [...(answer.warnings ?? []), ...(state.team.length ? [] : ['Nothing runs there.'])].join(' '));
  } catch (failure) {
    // What stood there may have ended since.
    state.team = [];
    put(byId('team-said'), failure.message);
  }
  show();
});

const EVENTS = 100;

const FAMILIES = { wt_service_up: 'up', wt_service_port: 'port', wt_service_restarts_total: 'restarts', wt_service_memory_bytes: 'memory' };

// Reads the rows of services out of Prometheus' text format.
function readMetrics(text) {
  const used = new Map();
  for (const line of text.split('\n')) {
    const found = /^(\w+)\{(.*)\} (\S+)$/.exec(line);
    const name = found && FAMILIES[found[1]];
    if (!name) continue;
    const labels = Object.fromEntries([...found[2].matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
      .map(([, label, value]) => [label, value.replace(/\\(.)/g, (_, sign) => (sign === 'n' ? '\n' : sign))]));
    const key = `${labels.repository}\n${labels.worktree}\n${labels.service}`;
    used.set(key, { ...used.get(key), [name]: Number(found[3]) });
  }
  return used;
}

// An event changes what it is about at once; only what it cannot say is asked for.
function hear(event) {
  if (state.events.some((known) => known.sequence === event.sequence)) return;
  state.events = [event, ...state.events].slice(0, EVENTS);
  const worktree = state.worktrees.find((known) => known.repository === event.repository && known.name === event.worktree);
  const port = worktree?.ports.find((known) => known.service === event.service);
  if (event.kind === 'service') {
    if (port && event.state) port.state = event.state;
    const key = `${worktree?.repository_name}\n${event.worktree}\n${event.service}`;
    if (worktree && event.state) state.used.set(key, { ...state.used.get(key), state: event.state });
  } else if (event.kind === 'health') {
    if (port && event.state) port.health = { ...port.health, state: event.state };
  } else {
    loadAll();
  }
  if (BAD_NEWS.includes(event.event)) put(byId('said'), [event.service, event.worktree, event.event.replaceAll('_', ' ')].filter(Boolean).join(' '));
  if (!worktree && event.worktree) loadAll();
}

function hearAll(blocks) {
  let heard = 0;
  let isChanged = false;
  for (const block of blocks) {
    const lines = block.split('\n');
    if (lines.includes('event: changed')) isChanged = true;
    const data = lines.find((line) => line.startsWith('data: '));
    if (!lines.includes('event: event') || !data) continue;
    heard += 1;
    hear(JSON.parse(data.slice(6)));
  }
  if (heard) show();
  // What changed without an event was recorded by a look, or somebody wrote beside us.
  if (isChanged && !heard) loadAll();
  if (heard || isChanged) {
    loadProblems();
    loadDetails();
  }
}

function say(word, text) {
  byId('link').dataset.state = word;
  put(byId('link'), text);
}

let last = 0;

// EventSource cannot send a header, so the stream is read by hand.
async function follow() {
  for (;;) {
    try {
      const headers = { Authorization: `Bearer ${token()}`, ...(last ? { 'Last-Event-ID': String(last) } : {}) };
      const answer = await ask('events', { headers });
      if (!answer.ok) throw new Error(`the stream of changes answers ${answer.status}`);
      say('open', 'live');
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const blocks = (rest + value).split('\n\n');
        rest = blocks.pop();
        for (const block of blocks) last = Number(/^id: (\d+)$/m.exec(block)?.[1] ?? last);
        others.postMessage(blocks);
        hearAll(blocks);
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

others.onmessage = ({ data }) => {
  say('open', 'live, through another tab');
  hearAll(data);
};

function share() {
  // Whoever gets the lock reads, until its tab is closed; then the next one does.
  navigator.locks.query().then(({ held }) => {
    // The first word of a stream of our own has everything loaded.
    if (!held.some((lock) => lock.name === 'wt-stream')) return;
    say('open', 'live, through another tab');
    loadAll();
    loadProblems();
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
byId('acts').hidden = document.body.dataset.acts === undefined;
for (const button of byId('acts').querySelectorAll('button')) button.addEventListener('click', () => act(button.dataset.act));

// Logs tell nobody that they grew: whoever looks at them looks again.
setInterval(() => {
  if (byId('details').open && !document.hidden) loadDetails();
}, 1000);
// Memory changes without an event. A page that nobody sees asks for nothing.
setInterval(() => {
  if (!document.hidden) loadProblems();
}, 60000);

if (document.body.dataset.team !== undefined) {
  byId('team').hidden = false;
  loadTeam();
  setInterval(() => {
    if (!document.hidden) loadTeam();
  }, 15000);
}

loadPast();
share();
