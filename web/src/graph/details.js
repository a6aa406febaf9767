// What is known of the chosen row: measures, source, what it ties to.
import { children, inside, kindOf, neighbours, pathOf, rows, sourceOf, titleOf, whole } from './data.js';
import { choose, listen, state } from './state.js';
import { zoomTo } from './map.js';
import { mark } from './tree.js';

const panel = document.getElementById('details');

/** Neighbours that are listed. */
const MOST = 60;

const LISTS = [
  ['Callers', 'in', (tie) => tie.group === 'calls'],
  ['Callees', 'out', (tie) => tie.group === 'calls'],
  ['Imported by', 'in', (tie) => tie.group === 'imports'],
  ['Imports', 'out', (tie) => tie.group === 'imports'],
  ['Extended by', 'in', (tie) => tie.group === 'inherits'],
  ['Extends', 'out', (tie) => tie.group === 'inherits'],
];

function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

const number = (value) => value.toLocaleString('en');

function place(row) {
  const lines = rows.start[row] ? `:${rows.start[row]}–${rows.end[row]}` : '';
  return `${pathOf(row)}${kindOf(row) === 'Module' ? '' : lines}`;
}

function measures(row) {
  const told = [
    ['Lines', number(whole.lines[row])],
    [inside(row) ? 'Complexity, highest' : 'Complexity', number(whole.complexity[row])],
    ['PageRank', `${(whole.rank[row] / 1e7).toPrecision(3)} %`],
    ['Holds', children[row].length ? contents(row) : ''],
  ];
  const list = element('dl');
  for (const [name, value] of told.filter(([, value]) => value && value !== '0')) {
    list.append(element('dt', {}, name), element('dd', {}, value));
  }
  return list;
}

/** `3 Class, 5 Function`. */
function contents(row) {
  const kinds = new Map();
  for (const child of children[row]) kinds.set(kindOf(child), (kinds.get(kindOf(child)) ?? 0) + 1);
  return [...kinds].map(([kind, how]) => `${number(how)} ${kind}`).join(', ');
}

function listing([title, direction, isWanted]) {
  const found = neighbours(state.chosen, direction, isWanted);
  if (!found.length) return [];
  const items = found.slice(0, MOST).map(([row, sites]) => {
    const button = element('button', { type: 'button', title: place(row) }, mark(kindOf(row)));
    button.append(element('span', { class: 'name' }, titleOf(row)));
    if (sites > 1) button.append(element('span', { class: 'times' }, `×${sites}`));
    button.addEventListener('click', () => {
      choose(row);
      zoomTo(row);
    });
    return element('li', {}, button);
  });
  if (found.length > MOST) items.push(element('li', { class: 'more' }, `and ${number(found.length - MOST)} more`));
  const heading = element('summary', {}, title, ' ', element('span', { class: 'times' }, number(found.length)));
  return [element('details', { open: '' }, heading, element('ul', {}, ...items))];
}

async function source(row, into) {
  let pieces;
  try {
    pieces = await sourceOf(row);
  } catch (error) {
    pieces = [{ line: 0, text: `The source cannot be unpacked: ${error.message}`, isCut: false }];
  }
  // Another row may have been chosen meanwhile.
  if (row !== state.chosen || !pieces.length) return;
  const code = element('div', { class: 'source', tabindex: '0', role: 'region', 'aria-label': 'Source' });
  for (const { line, text, isCut } of pieces) {
    const lines = text.replace(/\n$/, '').split('\n');
    const numbers = lines.map((_, at) => (line ? line + at : '')).join('\n');
    code.append(element('pre', { class: 'numbers', 'aria-hidden': 'true' }, numbers), element('pre', {}, lines.join('\n')));
    if (isCut) code.append(element('p', { class: 'more' }, 'It goes on; the page holds its beginning.'));
  }
  into.replaceWith(code);
}

function render() {
  const row = state.chosen;
  const waiting = element('div');
  const kind = element('p', { class: 'kind' }, mark(kindOf(row)), kindOf(row), rows.test[row] ? ' · test' : '');
  const where = place(row);
  panel.replaceChildren(
    kind,
    element('h2', {}, titleOf(row)),
    ...(where && where !== titleOf(row) ? [element('p', { class: 'where' }, where)] : []),
    measures(row),
    waiting,
    ...LISTS.flatMap(listing),
  );
  panel.scrollTop = 0;
  source(row, waiting);
}

let isDue = false;

export function start() {
  listen((what) => {
    if (what !== 'chosen' || isDue) return;
    // Held keys pass many rows: one of them a frame is enough.
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      render();
    });
  });
  render();
}
