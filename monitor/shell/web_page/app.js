// The page: asks the API of the worker that serves it, and draws. It loads nothing from elsewhere.

const api = new URL('api/v1/', document.baseURI);
const $ = (id) => document.getElementById(id);
const PEOPLE = 'people';
const ROWS_MAX = 400;
const LAGS_SECONDS = 5;
const LAGS_BADLY_SECONDS = 60;
const state = { board: null, findings: new Map(), next: null, remembered: 0, asked: 0, answered: 0, early: [] };

// Making elements

function make(namespace, tag, given, kids) {
  const element = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...kids.flat(Infinity).filter((kid) => kid !== null && kid !== undefined));
  return element;
}
const h = (tag, given, ...kids) => make('http://www.w3.org/1999/xhtml', tag, given, kids);
const s = (tag, given, ...kids) => make('http://www.w3.org/2000/svg', tag, given, kids);

// Saying numbers, names and times

const whole = new Intl.NumberFormat('en-US');
const spell = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC', hourCycle: 'h23' };
const clock = new Intl.DateTimeFormat('en-GB', spell);
const brief = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
const who = (version) => (version === 'none' ? PEOPLE : version);
const words = (name) => name.replaceAll('_', ' ');
const short = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const number = (value) => (value === undefined ? nothing() : whole.format(value));
const nothing = (why = 'no data') => h('span', { class: 'nothing' }, why);
const horizon = () => state.board?.durable_horizon ?? '';
const inWords = (age) => age.replace(/d$/, ' days').replace(/h$/, ' hours');

function range({ lower95, upper95 }) {
  const digits = upper95 - lower95 < 0.01 ? 1 : 0;
  return `${(100 * lower95).toFixed(digits)}–${(100 * upper95).toFixed(digits)} %`;
}

function estimate(share, why) {
  return share ? [percent(share.value), h('span', { class: 'range' }, range(share))] : nothing(why);
}

function length(seconds) {
  const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const first = parts.findIndex(([unit]) => seconds >= unit);
  if (first < 0) return '0 s';
  const told = [];
  let rest = Math.floor(seconds);
  for (const [unit, name] of parts.slice(first, first + 2)) {
    if (rest >= unit) told.push(`${Math.floor(rest / unit)} ${name}`);
    rest %= unit;
  }
  return told.join(' ');
}

function table(heads, rows, caption) {
  return h('table', {},
    h('caption', { class: 'unseen' }, caption),
    h('thead', {}, heads),
    h('tbody', {}, rows));
}
const head = (text, given) => h('th', { scope: 'col', ...given }, text);
const row = (...cells) => h('tr', {}, cells);
const cell = (of, ...kids) => h('td', { class: 'number', 'data-of': of }, kids);

function fill(id, content) {
  $(id).replaceChildren(...[content ?? nothing()].flat(Infinity));
}

// The board

function showBoard(board) {
  state.board = board;
  const lag = board.lag_seconds >= LAGS_SECONDS ? ` · the monitor is ${length(board.lag_seconds)} behind` : '';
  $('when').textContent = board.event_time
    ? `Customers’ time ${clock.format(new Date(board.event_time))} UTC${lag}`
    : `Customers’ time has not begun${lag}`;
  for (const one of document.querySelectorAll('.for-horizon')) one.textContent = ` for ${inWords(horizon())}`;
  fill('warnings', warnings(board).map((told) => h('p', { class: 'warning' }, told)));
  showPaper(board.versions);
  showDurability(board.versions);
  showSilent(board.silent_failures);
  showEscalations(board.escalations);
  showEffort(board.effort);
  const counts = [['events', 'events'], ['conversations', 'conversations'], ['journeys', 'journeys'],
    ['claimed', 'claims of resolution'], ['dead_letters', 'records that could not be read']];
  $('counts').textContent = board.events === undefined ? 'No data yet.'
    : counts.map(([name, told]) => `${whole.format(board[name])} ${told}`).join(' · ');
  const missed = Object.entries(board.missed_escalations);
  $('missed').textContent = missed.length
    ? `Called for and not made: ${missed.map(([why, n]) => `${words(why)} ${whole.format(n)}`).join(' · ')}.` : '';
}

function warnings(board) {
  const told = [];
  if (board.without_answer.length) {
    told.push(`Partitions ${board.without_answer.join(', ')} give no answer: what is counted there is missing here.`);
  }
  if (board.blind.length) told.push(`The monitor does not see enough to judge: ${board.blind.map(words).join(', ')}.`);
  if (board.lag_seconds >= LAGS_BADLY_SECONDS) told.push(`The monitor is ${length(board.lag_seconds)} behind: what happened since is not here yet.`);
  return told;
}

function showPaper(versions) {
  const judged = versions.filter((one) => one.practice);
  const untested = versions.filter((one) => one.claimed && !one.failed).map((one) => who(one.ai_version));
  $('untested').textContent = untested.length
    ? `No customer came back about a claim of ${untested.join(', ')}: untested rather than perfect, unless a return would be recorded.` : '';
  $('headline').textContent = judged.length ? headline(judged) : unjudged(versions);
  const shown = versions.filter((one) => one.paper || (one.claimed && one.ai_version !== 'none'))
    .sort((a, b) => (b.paper?.value ?? -1) - (a.paper?.value ?? -1));
  const rows = shown.map((one) => h('tr', { 'data-version': one.ai_version },
    h('th', { scope: 'row' }, who(one.ai_version), h('span', { class: 'aside' }, one.involved ? `${whole.format(one.involved)} conversations` : `${whole.format(one.claimed)} claims`)),
    cell('paper', one.paper ? percent(one.paper.value) : nothing('no answer recorded')),
    cell('practice', estimate(one.practice, one.paper?.value ? `nothing is ${inWords(horizon())} old` : undefined)),
    cell('gap', one.practice ? gap(one) : nothing()),
    h('td', { class: 'picture' }, one.paper ? dumbbell(one) : null)));
  fill('paper', rows.length ? table(row(head('version'), head('on paper', { class: 'number' }),
    head(`in practice, ${horizon()}`, { class: 'number' }), head('lost', { class: 'number' }), head('0 to 100 %')),
  rows, 'On paper and in practice, by version') : null);
}

function gap({ paper, practice }) {
  const points = 100 * (paper.value - practice.value);
  return h('span', { class: points >= 0.05 ? 'gap' : '' }, `${points.toFixed(1)} points`);
}

function unjudged(versions) {
  if (versions.some((one) => one.paper?.value)) return 'Nothing to compare yet: no version was watched for long enough.';
  if (versions.some((one) => one.paper)) return 'Nothing to compare yet: the AI has claimed no resolution.';
  if (versions.some((one) => one.claimed)) return 'Nothing to compare: no answer of the AI was recorded, so claims cannot be set against its conversations.';
  return 'Nothing to compare yet: nobody has claimed a resolution.';
}

function headline(judged) {
  const best = (of) => judged.reduce((a, b) => (b[of].value > a[of].value ? b : a));
  const [paper, practice] = [best('paper'), best('practice')];
  const told = (one, of) => `${who(one.ai_version)} (${percent(one[of].value)})`;
  if (judged.length === 1 || paper === practice) {
    const only = judged.length === 1 ? '' : 'leads on paper and in practice: it ';
    return `${who(paper.ai_version)} ${only}claims ${percent(paper.paper.value)}, and ${lasting(paper)}.`;
  }
  const sure = practice.practice.lower95 > paper.practice.upper95;
  return `${told(paper, 'paper')} wins on paper, ${told(practice, 'practice')} in practice`
    + `${sure ? '.' : '; the intervals overlap, so it may be chance.'}`;
}

function lasting({ practice, failed, on_trial: n }) {
  if (failed) return `${percent(practice.value)} stay resolved`;
  return `no customer came back about ${n ? `the ${whole.format(n)} on trial` : 'any'}`;
}

function dumbbell({ paper, practice }) {
  const x = (share) => 8 + 184 * share;
  const parts = [s('line', { class: 'axis', x1: 8, x2: 192, y1: 12, y2: 12 })];
  if (practice) {
    parts.push(
      s('rect', { class: 'span', x: x(practice.lower95), y: 8, width: Math.max(1, x(practice.upper95) - x(practice.lower95)), height: 8 }),
      s('line', { class: 'between', x1: x(practice.value), x2: x(paper.value), y1: 12, y2: 12 }),
      s('circle', { class: 'practice-mark', cx: x(practice.value), cy: 12, r: 4.5 }));
  }
  const at = x(paper.value);
  parts.push(s('path', { class: 'paper-mark', d: `M${at} 6 ${at + 6} 12 ${at} 18 ${at - 6} 12Z` }));
  return s('svg', { viewBox: '0 0 200 24', 'aria-hidden': 'true' }, parts);
}

function showDurability(versions) {
  const watched = versions.filter((one) => one.claimed || one.on_trial).sort((a, b) => b.claimed - a.claimed);
  const drawn = watched.filter((one) => one.curve.some((held) => held.durable)).slice(0, 6);
  fill('curves', drawn.length ? curves(drawn) : []);
  const ages = watched[0]?.curve.filter((held) => held.is_horizon).map((held) => held.age) ?? [];
  const rows = watched.map((one) => h('tr', { 'data-version': one.ai_version },
    h('th', { scope: 'row' }, swatch(drawn.indexOf(one)), who(one.ai_version)),
    cell('on_trial', number(one.on_trial)),
    one.curve.filter((held) => held.is_horizon).map((held) => cell(held.age, estimate(held.durable), matured(held)))));
  fill('durability', rows.length ? table(row(head('resolved by'), head('on trial now', { class: 'number' }),
    ages.map((age) => head(`after ${age}`, { class: 'number' }))), rows, 'Durability by version') : null);
}

function matured({ matured_durable: held, matured_failed: failed, durable }) {
  const n = (held ?? 0) + (failed ?? 0);
  return durable && n ? h('span', { class: 'aside' }, `${whole.format(held)} of ${whole.format(n)}`) : null;
}

const swatch = (index) => (index < 0 ? null : h('span', { class: `swatch c${index}`, 'aria-hidden': 'true' }));

// Where the axis begins, and its steps: small differences are seen where all are small.
const [MIN_WIDTH, NARROW, MAX_WIDTH] = [240, 480, 1000];
const SCALES = [[0.9, 0.02], [0.8, 0.05], [0.6, 0.1], [0.4, 0.2], [0.2, 0.2], [0, 0.2]];

function curves(versions) {
  // One unit is one pixel, so that text has the size of text.
  const width = Math.max(MIN_WIDTH, Math.min($('curves').clientWidth, MAX_WIDTH));
  const letters = width < NARROW ? 10 : 18;
  const [height, left, right, top, bottom] = [300, 48, 7 * letters, 12, 30];
  const edges = versions[0].curve;
  const [first, last] = [edges[0].seconds / 2, edges.at(-1).seconds];
  const lows = versions.flatMap((one) => one.curve.filter((held) => held.durable && held.is_horizon).map((held) => held.durable.lower95));
  const [floor, step] = SCALES.find(([low]) => low <= Math.min(...lows, 1)) ?? SCALES.at(-1);
  const x = (seconds) => left + (width - left - right) * Math.log(seconds / first) / Math.log(last / first);
  const y = (share) => top + (height - top - bottom) * (1 - (Math.max(share, floor) - floor) / (1 - floor));
  const grid = Array.from({ length: Math.round((1 - floor) / step) + 1 }, (_, n) => floor + n * step).map((share) => [
    s('line', { class: 'axis', x1: left, x2: width - right, y1: y(share), y2: y(share) }),
    s('text', { x: left - 6, y: y(share) + 4, 'text-anchor': 'end' }, `${Math.round(100 * share)} %`)]);
  const ticks = edges.filter((held) => held.is_horizon || held.seconds <= 3600).map((held) => s('text',
    { x: x(held.seconds), y: height - 10, 'text-anchor': 'middle' }, held.age));
  const ends = versions.map((one) => one.curve.filter((held) => held.durable).at(-1));
  const labels = apart(ends.map((held) => y(held.durable.value) + 4), height - bottom);
  const lines = versions.map((one, index) => {
    const known = one.curve.filter((held) => held.durable);
    const points = (of) => known.map((held) => `${x(held.seconds).toFixed(1)} ${y(held.durable[of]).toFixed(1)}`);
    const start = `${left} ${y(1)}`;
    return [
      s('path', { class: `band c${index}`, d: `M${[start, ...points('upper95'), ...points('lower95').reverse()].join('L')}Z` }),
      s('path', { class: `curve c${index}`, d: `M${[start, ...points('value')].join('L')}` }),
      known.filter((held) => held.is_horizon).map((held) => s('circle',
        { class: `dot c${index}`, cx: x(held.seconds), cy: y(held.durable.value), r: 3.5 })),
      s('text', { class: `named c${index}`, x: width - right + 10, y: labels[index] }, short(who(one.ai_version), letters))];
  });
  const from = floor > 0 ? `, from ${Math.round(100 * floor)} %` : '';
  return s('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': `Durability by age and version${from}; the same numbers are in the table below` }, grid, ticks, lines);
}

function apart(places, most) {
  const order = places.map((place, index) => [place, index]).sort((a, b) => a[0] - b[0]);
  const moved = [];
  let free = 0;
  for (const [place, index] of order) {
    moved[index] = Math.min(Math.max(place, free), most + 14);
    free = moved[index] + 14;
  }
  return moved;
}

function showSilent(failures) {
  const rows = failures.map((one) => h('tr', { 'data-failure': `${one.sf}/${one.confidence}` },
    h('th', { scope: 'row' }, h('button', { class: 'link', type: 'button', onclick: () => filterBy(one) }, `${one.sf} ${one.name}`),
      h('span', { class: 'aside' }, one.because)),
    h('td', {}, one.confidence),
    cell('standing', number(one.standing)),
    cell('per_100', one.per_100 === undefined ? nothing() : one.per_100.toFixed(1)),
    cell('taken_back', one.taken_back ? number(one.taken_back) : '–')));
  fill('silent', rows.length ? table(row(head('kind'), head('how sure'), head('stand', { class: 'number' }),
    head('per 100 conversations', { class: 'number' }), head('taken back', { class: 'number' })), rows, 'Silent failures by kind') : null);
}

function showEscalations(escalations) {
  const union = (of) => [...new Set(escalations.flatMap((one) => Object.keys(one[of])))].sort();
  const [ended, needed] = [union('ended'), union('needed')];
  const counts = (one, of, names) => names.map((name, index) => h('td',
    { class: `number${index ? '' : ' group'}`, 'data-of': `${of}.${name}` }, one[of][name] === undefined ? '–' : number(one[of][name])));
  const rows = escalations.map((one) => h('tr', { 'data-kind': one.kind },
    h('th', { scope: 'row' }, one.kind.replace('_', ' to ')), cell('requested', number(one.requested)),
    counts(one, 'ended', ended), counts(one, 'needed', needed)));
  const names = (list) => list.map((name, index) => head(words(name), { class: `number${index ? '' : ' group'}` }));
  const group = (text, list) => (list.length ? h('th', { scope: 'colgroup', colspan: list.length, class: 'group' }, text) : null);
  const heads = [row(h('td', { colspan: 2 }), group('how they ended', ended), group('were they needed?', needed)),
    row(head('kind'), head('requested', { class: 'number' }), names(ended), names(needed))];
  fill('escalations', rows.length ? table(heads, rows, 'Escalations by kind') : null);
}

function showEffort(effort) {
  const columns = [['contacts', 'contacts'], ['channels', 'channels'], ['transfers', 'passed on'],
    ['customer_messages', 'messages'], ['repeated_requests', 'asked again'], ['wait_seconds', 'waited']];
  const told = (one, name) => (one[name] === undefined ? nothing()
    : name === 'wait_seconds' ? length(one[name]) : one[name].toFixed(1));
  const rows = effort.map((one) => h('tr', { 'data-effort': `${one.at}/${one.outcome}` },
    h('th', { scope: 'row' }, words(one.at), h('span', { class: 'aside' }, words(one.outcome))),
    cell('journeys', number(one.journeys)), columns.map(([name]) => cell(name, told(one, name)))));
  fill('effort', rows.length ? table(row(head('at'), head('journeys', { class: 'number' }),
    columns.map(([, text]) => head(text, { class: 'number' }))), rows, 'Effort of customers') : null);
}

// The feed

const FILTERS = [['kind', 'sf', 'what'], ['confidence', 'confidence', 'how sure'], ['version', 'ai_version', 'version'],
  ['channel', 'channel', 'channel'], ['intent', 'intent_group', 'about']];
const SURE = 'confirmed,probable';

function makeFilters() {
  const asked = new URLSearchParams(location.search);
  for (const [name, field, told] of FILTERS) {
    const select = h('select', { id: `filter-${name}`, name, onchange: loadFeed });
    $('filters').append(h('label', {}, told, select));
    offer(name, [], asked.get(field) ?? (name === 'confidence' && !asked.has('sf') ? SURE : ''));
  }
  $('filters').addEventListener('submit', (event) => event.preventDefault());
}

function offer(name, values, chosen = $(`filter-${name}`).value) {
  const sure = name === 'confidence' ? [[SURE, 'confirmed or probable']] : [];
  const known = [...new Set([...values, ...(chosen && chosen !== SURE ? [chosen] : [])])].sort();
  const select = $(`filter-${name}`);
  const all = [['', 'all'], ...sure, ...known.map((value) => [value, name === 'version' ? who(value) : words(value)])];
  if (select.options.length === all.length && select.value === chosen) return;
  select.replaceChildren(...all.map(([value, text]) => h('option', { value, selected: value === chosen }, text)));
}

const chosen = () => FILTERS.map(([name, field]) => [name, field, $(`filter-${name}`).value]).filter(([, , value]) => value);
const fits = (found) => chosen().every(([, field, value]) => value.split(',').includes(found[field]));

function filterBy({ sf, confidence }) {
  offer('kind', [sf], sf);
  offer('confidence', [confidence], confidence);
  loadFeed();
  $('feed-title').scrollIntoView();
}

async function loadFeed({ older = false } = {}) {
  const query = new URLSearchParams(chosen().flatMap(([name, , value]) => value.split(',').map((one) => [name, one])));
  if (older === true && state.next) query.set('cursor', state.next);
  const asked = ++state.asked;
  const answer = await ask(`findings?${query}`);
  if (asked !== state.asked) return; // Another question was asked meanwhile.
  state.answered = asked;
  const early = state.early.splice(0);
  if (!answer) return;
  for (const [name] of FILTERS) offer(name, answer.values[name]);
  if (older !== true) state.findings.clear();
  for (const found of answer.findings) state.findings.set(found.id, found);
  const kept = older === true ? [...$('feed').children] : [];
  $('feed').replaceChildren(...kept, ...answer.findings.map((found) => item(found)));
  Object.assign(state, { next: answer.next ?? null, remembered: answer.remembered });
  feedState();
  early.forEach(takeFinding);
}

function feedState() {
  const n = $('feed').children.length;
  rove($('feed').querySelector('[tabindex="0"]'));
  $('older').hidden = !state.next;
  $('feed-state').hidden = n > 0;
  $('feed-state').textContent = state.remembered ? 'Nothing of this kind was found lately.' : 'Nothing was found yet.';
}

function item(found) {
  const about = [who(found.ai_version), words(found.channel), words(found.intent_group), found.confidence];
  if (found.retracted) about.push('taken back');
  else if (!found.stands) about.push('corrected since');
  return h('li', { 'data-id': found.id }, h('button', {
    class: `finding ${found.confidence}${found.stands ? '' : ' over'}`, type: 'button', tabindex: -1,
    'aria-haspopup': 'dialog', onclick: () => openJourney(found),
  },
  h('strong', {}, found.name), h('time', { datetime: found.decided_at }, brief.format(new Date(found.decided_at))),
  h('span', { class: 'about' }, `${found.sf} · ${about.join(' · ')}`)));
}

function takeFinding(found) {
  // What is asked for at this moment may have it, or not.
  if (state.asked !== state.answered || !state.asked) return void state.early.push(found);
  const before = found.replaces && state.findings.get(found.replaces);
  if (before) {
    before.stands = false;
    $('feed').querySelector(`[data-id="${found.replaces}"]`)?.replaceWith(item(before));
  }
  state.remembered += 1;
  if (fits(found) && !state.findings.has(found.id)) {
    state.findings.set(found.id, found);
    place(found);
    if ($('feed').children.length > ROWS_MAX) $('feed').lastElementChild.remove();
    $('news').textContent = `New: ${found.name}, ${who(found.ai_version)}`;
  }
  feedState();
}

// Where its time has it. What is older than all that is shown comes with "Show older".
function place(found) {
  const added = item(found);
  added.classList.add('is-new');
  const at = (one) => Date.parse(one.decided_at);
  const next = [...$('feed').children].find((one) => at(state.findings.get(one.dataset.id)) <= at(found));
  if (next) next.before(added);
  else if (!state.next) $('feed').append(added);
}

// One stop for the Tab key; arrows move within.
function rove(current) {
  const buttons = [...$('feed').querySelectorAll('.finding')];
  const one = current && buttons.includes(current) ? current : buttons[0];
  for (const button of buttons) button.tabIndex = button === one ? 0 : -1;
}

function move(event) {
  const buttons = [...$('feed').querySelectorAll('.finding')];
  const at = buttons.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: Math.max(0, at - 1), Home: 0, End: buttons.length - 1 }[event.key];
  if (to === undefined || !buttons[to]) return;
  event.preventDefault();
  rove(buttons[to]);
  buttons[to].focus();
}

// A journey

async function openJourney({ journey, name, because, ...found }) {
  $('journey-title').textContent = name ?? 'A customer’s journey';
  fill('journey-told', h('p', { class: 'means' }, 'Asking its owner …'));
  if (!$('journey').open) $('journey').showModal();
  history.replaceState(null, '', `#journey=${journey}`);
  const told = await ask(`journeys/${journey}`);
  if (!told || !$('journey').open) return;
  fill('journey-told', [
    because ? h('p', {}, because) : null, facts(told, found), lanes(told),
    told.without_answer.length ? h('p', { class: 'warning' }, `Partitions ${told.without_answer.join(', ')} gave no answer; there may be more.`) : null,
    h('ol', { id: 'way', 'aria-label': 'The customer’s way' }, told.entries.map((entry, index) => stop(entry, told.entries[index - 1]))),
  ].filter(Boolean));
}

function facts(told, found) {
  const channels = [...new Set(told.contacts.map((one) => words(one.channel)))].join(', ');
  const rows = [['Rule', found.sf], ['How sure', found.confidence], ['Version', found.ai_version && who(found.ai_version)],
    ['Channels', channels || nothing()], ['Conversations', told.contacts.map((one) => one.conversation_id).join(', ')],
    ['Journey', told.journey], ['Now', told.open ? 'open: it is remembered whole' : over(told)]];
  return h('dl', { class: 'facts' }, rows.filter(([, value]) => value).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

function over({ as_of: seen, ended_at: ended }) {
  const since = ended ? `it has ended, ${clock.format(new Date(ended))} UTC` : 'it is over';
  return seen ? `${since}; this is how it stood ${clock.format(new Date(seen))} UTC, when something was found in it last`
    : `${since}: what was found is all that is remembered; outcome-monitor explain tells the rest from the log`;
}

function stop(entry, before) {
  const at = new Date(entry.at);
  const since = before ? (at - new Date(before.at)) / 1000 : 0;
  const kind = entry.what === 'finding' ? 'finding-entry' : entry.what;
  return h('li', { class: kind },
    h('p', {}, h('time', { datetime: entry.at }, `${clock.format(at)} UTC`), since >= 1 ? ` · ${length(since)} later` : '', ' ',
      entry.channel ? h('span', { class: 'channel' }, words(entry.channel)) : null),
    h('p', {}, h('strong', {}, entry.told), entry.confidence ? `, ${entry.confidence}` : '', entry.stands === false ? ', no longer standing' : ''),
    entry.because ? h('p', {}, entry.because, ' ', h('span', { class: 'rule' }, `[${entry.rule}]`)) : null,
    entry.evidence.length ? proof(entry) : null);
}

function proof({ what, evidence }) {
  return h('details', { open: what === 'finding' }, h('summary', {}, what === 'finding' ? 'Evidence' : 'Event'),
    evidence.map((one) => h('p', {}, `${one.type} of ${one.source}, ${clock.format(new Date(one.occurred_at))} UTC `,
      h('span', { class: 'event-id' }, one.event_id))));
}

function lanes({ entries }) {
  const past = entries.filter((entry) => entry.what !== 'pending' && entry.channel);
  const channels = [...new Set(past.map((entry) => entry.channel))];
  if (!past.length) return null;
  const times = past.map((entry) => Date.parse(entry.at));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const x = (time) => 110 + 570 * (last > first ? (time - first) / (last - first) : 0.5);
  const y = (channel) => 18 + 30 * channels.indexOf(channel);
  const marks = past.map((entry, index) => s('circle', { class: `lane-mark ${entry.what}-mark`, cx: x(times[index]), cy: y(entry.channel), r: 5 }));
  return s('svg', { class: 'lanes', viewBox: `0 0 700 ${30 * channels.length + 6}`, 'aria-hidden': 'true' },
    channels.map((channel) => [s('line', { class: 'lane', x1: 110, x2: 680, y1: y(channel), y2: y(channel) }),
      s('text', { x: 0, y: y(channel) + 4 }, words(channel))]), marks);
}

// Asking, and listening

const token = () => sessionStorage.getItem('token');
const headers = () => (token() ? { Authorization: `Bearer ${token()}` } : {});

async function ask(path) {
  try {
    const response = await fetch(new URL(path, api), { headers: headers() });
    if (response.status === 401) return wantToken();
    const answer = await response.json();
    if (response.ok) return answer;
    tell(answer.error);
  } catch {
    tell('The worker does not answer.');
  }
  return null;
}

function tell(why) {
  if ($('journey').open) fill('journey-told', h('p', { class: 'warning' }, why));
  else $('feed-state').textContent = why;
}

function wantToken() {
  $('token-wrong').textContent = token() ? 'This is not its token.' : '';
  if (!$('token').open) $('token').showModal();
  return null;
}

function live(told, isLive = false) {
  $('live').textContent = told;
  $('live').classList.toggle('is-live', isLive);
}

async function listen() {
  for (let wait = 1; ; wait = Math.min(2 * wait, 15)) {
    try {
      const response = await fetch(new URL('stream', api), { headers: headers() });
      if (response.status === 401) return wantToken();
      if (response.ok) {
        wait = 1;
        live('live', true);
        loadFeed();
        for await (const [name, data] of events(response.body)) hear(name, data);
      }
    } catch {
      // What broke off is begun again.
    }
    live('not connected; trying again');
    await new Promise((resolve) => setTimeout(resolve, 1000 * wait));
  }
}

function hear(name, data) {
  if (name === 'board') showBoard(data);
  else if (name === 'finding') takeFinding(data);
  else if (name === 'missed') loadFeed();
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const whole = (text + value).split('\n\n');
    text = whole.pop();
    for (const event of whole) {
      const told = event.match(/^event: (\w+)\ndata: (.*)$/);
      if (told) yield [told[1], JSON.parse(told[2])];
    }
  }
}

new ResizeObserver(() => state.board && showDurability(state.board.versions)).observe($('curves'));
$('feed').addEventListener('keydown', move);
$('feed').addEventListener('focusin', (event) => rove(event.target.closest('.finding')));
$('older').addEventListener('click', () => loadFeed({ older: true }));
$('journey').addEventListener('close', () => history.replaceState(null, '', location.pathname + location.search));
$('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('token', $('token-word').value.trim());
  $('token').close();
  listen();
});
makeFilters();
listen();
const named = location.hash.match(/^#journey=([0-9a-f]{32})$/);
if (named) openJourney({ journey: named[1] });
