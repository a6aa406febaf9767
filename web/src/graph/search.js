// The search box: names first, then paths.
import { count, kindOf, pathOf, rows, titleOf } from './data.js';
import { choose } from './state.js';
import { zoomTo } from './map.js';
import { mark } from './tree.js';

const box = document.getElementById('search');
const list = document.getElementById('found');

/** Hits that are listed. */
const MOST = 40;

const names = rows.name.map((name) => name.toLowerCase());
let hits = [];
let at = -1;

/** How well a row fits: less is better, nothing if not at all. */
function fit(row, text) {
  const name = names[row];
  if (name === text) return 0;
  if (name.startsWith(text)) return 1;
  if (name.includes(text)) return 2;
  if (text.length > 2 && titleOf(row).toLowerCase().includes(text)) return 3;
  return undefined;
}

function search(text) {
  const found = [];
  for (let row = 1; row < count; row++) {
    const how = fit(row, text);
    if (how !== undefined) found.push([how, names[row].length, row]);
  }
  found.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  return found.slice(0, MOST).map(([, , row]) => row);
}

function show() {
  const text = box.value.trim().toLowerCase();
  hits = text ? search(text) : [];
  at = hits.length ? 0 : -1;
  list.replaceChildren(...(text && !hits.length ? [nothing()] : hits.map(option)));
  list.hidden = !text;
  box.setAttribute('aria-expanded', !list.hidden);
  point();
}

function nothing() {
  const item = document.createElement('li');
  item.className = 'nothing';
  item.textContent = 'Nothing of that name';
  return item;
}

function option(row, index) {
  const item = document.createElement('li');
  item.id = `hit-${index}`;
  item.setAttribute('role', 'option');
  const name = document.createElement('span');
  name.className = 'name';
  name.textContent = titleOf(row);
  const path = document.createElement('span');
  path.className = 'path';
  path.textContent = kindOf(row) === 'Module' ? '' : pathOf(row);
  item.append(mark(kindOf(row)), name, path);
  item.addEventListener('mousedown', (event) => {
    event.preventDefault();
    take(index);
  });
  return item;
}

function point() {
  [...list.children].forEach((item, index) => item.setAttribute('aria-selected', index === at));
  if (at < 0) return box.removeAttribute('aria-activedescendant');
  box.setAttribute('aria-activedescendant', `hit-${at}`);
  list.children[at].scrollIntoView({ block: 'nearest' });
}

function take(index) {
  if (hits[index] === undefined) return;
  const row = hits[index];
  close();
  choose(row);
  zoomTo(row);
  document.getElementById('tree').focus();
}

function close() {
  list.hidden = true;
  box.setAttribute('aria-expanded', false);
}

const KEYS = {
  ArrowDown: () => (at = Math.min(hits.length - 1, at + 1)),
  ArrowUp: () => (at = Math.max(0, at - 1)),
  Enter: () => take(at),
  Escape: () => {
    box.value = '';
    close();
  },
};

export function start() {
  box.addEventListener('input', show);
  box.addEventListener('focus', show);
  box.addEventListener('blur', close);
  box.addEventListener('keydown', (event) => {
    if (!KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
    if (!list.hidden) point();
  });
  document.addEventListener('keydown', (event) => {
    const isText = event.target.closest?.('input[type=search], select');
    if (event.key !== '/' || isText) return;
    event.preventDefault();
    box.focus();
    box.select();
  });
}
