// The tree: an ARIA tree of which only the lines in view are in the document.
import { children, depth, inside, kindOf, lineage, rows, whole } from './data.js';
import { choose, listen, setOpen, state } from './state.js';
import { zoomTo } from './map.js';

const tree = document.getElementById('tree');
const sizer = document.createElement('div');

/** Height of a line, as in the style sheet. */
const LINE = 24;
/** Lines above and below those in view. */
const SPARE = 8;
/** How long letters make one word, in milliseconds. */
const PAUSE = 700;

let shown = [];
let typed = '';
let typedAt = 0;

function flatten() {
  shown = [];
  const stack = [0];
  while (stack.length) {
    const row = stack.pop();
    shown.push(row);
    if (state.open[row]) for (let at = children[row].length - 1; at >= 0; at--) stack.push(children[row][at]);
  }
}

function render() {
  const first = Math.max(0, Math.floor(tree.scrollTop / LINE) - SPARE);
  const last = Math.min(shown.length, Math.ceil((tree.scrollTop + tree.clientHeight) / LINE) + SPARE);
  sizer.style.height = `${shown.length * LINE}px`;
  sizer.replaceChildren(...shown.slice(first, last).map((row, at) => item(row, first + at)));
  const isThere = document.getElementById(`row-${state.chosen}`);
  if (isThere) tree.setAttribute('aria-activedescendant', isThere.id);
  else tree.removeAttribute('aria-activedescendant');
}

function item(row, at) {
  const line = document.createElement('div');
  const siblings = row ? children[rows.parent[row]] : [0];
  line.id = `row-${row}`;
  line.className = 'row';
  line.style.top = `${at * LINE}px`;
  line.style.paddingLeft = `${6 + depth[row] * 14}px`;
  line.dataset.row = row;
  line.setAttribute('role', 'treeitem');
  line.setAttribute('aria-level', depth[row] + 1);
  line.setAttribute('aria-setsize', siblings.length);
  line.setAttribute('aria-posinset', siblings.indexOf(row) + 1);
  line.setAttribute('aria-selected', row === state.chosen);
  line.setAttribute('aria-label', `${rows.name[row]}, ${kindOf(row)}`);
  if (inside(row)) line.setAttribute('aria-expanded', Boolean(state.open[row]));
  line.append(part('twist', ''), mark(kindOf(row)), part('name', rows.name[row]), part('lines', lines(row)));
  line.title = rows.name[row];
  return line;
}

const lines = (row) => (whole.lines[row] ? whole.lines[row].toLocaleString('en') : '');

function part(name, text) {
  const span = document.createElement('span');
  span.className = name;
  span.textContent = text;
  return span;
}

/** The coloured square of a kind. */
export function mark(kind) {
  const square = part('mark', '');
  square.dataset.kind = kind.toLowerCase();
  return square;
}

/** Brings the chosen line into view. */
function follow() {
  const at = shown.indexOf(state.chosen);
  if (at < 0) return;
  const top = at * LINE;
  if (top < tree.scrollTop) tree.scrollTop = top;
  else if (top + LINE > tree.scrollTop + tree.clientHeight) tree.scrollTop = top + LINE - tree.clientHeight;
}

function step(by) {
  const at = shown.indexOf(state.chosen);
  go(shown[Math.max(0, Math.min(shown.length - 1, at + by))]);
}

function go(row) {
  if (row !== undefined && row !== state.chosen) choose(row, { reveal: false });
}

const page = () => Math.max(1, Math.floor(tree.clientHeight / LINE) - 1);

const KEYS = {
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  PageDown: () => step(page()),
  PageUp: () => step(-page()),
  Home: () => go(shown[0]),
  End: () => go(shown[shown.length - 1]),
  ArrowRight: (row) => (state.open[row] ? go(children[row][0]) : setOpen(row, true)),
  ArrowLeft: (row) => (state.open[row] && inside(row) ? setOpen(row, false) : go(rows.parent[row])),
  ' ': (row) => setOpen(row, !state.open[row]),
  Enter: (row) => zoomTo(row),
  '*': (row) => children[rows.parent[row]].forEach((sibling) => setOpen(sibling, true)),
};

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const action = KEYS[event.key];
  if (action) action(state.chosen);
  else if (event.key.length === 1 && event.key !== '/') find(event.key, event.timeStamp);
  else return;
  event.preventDefault();
}

/** Goes to the next line that begins with what was typed. */
function find(letter, now) {
  typed = now - typedAt > PAUSE ? letter : typed + letter;
  typedAt = now;
  const start = shown.indexOf(state.chosen) + (typed.length === 1 ? 1 : 0);
  const order = [...shown.slice(start), ...shown.slice(0, start)];
  go(order.find((row) => rows.name[row].toLowerCase().startsWith(typed.toLowerCase())));
}

function click(event) {
  const line = event.target.closest('.row');
  if (!line) return;
  const row = Number(line.dataset.row);
  if (event.target.classList.contains('twist')) setOpen(row, !state.open[row]);
  else choose(row);
}

/** A row that is closed around the chosen one takes its place. */
function keepChosen() {
  const around = lineage(state.chosen).slice(0, -1).find((row) => !state.open[row]);
  if (around !== undefined) choose(around, { reveal: false });
}

export function start() {
  tree.append(sizer);
  tree.addEventListener('scroll', render, { passive: true });
  tree.addEventListener('keydown', press);
  tree.addEventListener('click', click);
  tree.addEventListener('dblclick', (event) => {
    const line = event.target.closest('.row');
    if (!line || event.target.classList.contains('twist')) return;
    const row = Number(line.dataset.row);
    setOpen(row, !state.open[row]);
    zoomTo(row);
  });
  listen((what) => {
    if (what === 'open') {
      flatten();
      keepChosen();
    }
    if (what === 'chosen') follow();
    if (what === 'open' || what === 'chosen') render();
  });
  new ResizeObserver(render).observe(tree);
  flatten();
  render();
}
