// What is open, what is chosen, how it is drawn; whoever cares is told of changes.
import { children, count, kindOf, lineage, rows, whole } from './data.js';

const listeners = new Set();

export const state = {
  chosen: 0,
  hovered: -1,
  open: new Uint8Array(count),
  size: 'lines',
  colour: 'kind',
  groups: new Set(['imports', 'calls', 'inherits']),
};

/** Calls `listener` with the name of what changed. */
export function listen(listener) {
  listeners.add(listener);
}

export function tell(what) {
  for (const listener of listeners) listener(what);
}

export function choose(row, { reveal = true } = {}) {
  state.chosen = row;
  if (reveal) for (const around of lineage(row).slice(0, -1)) state.open[around] = 1;
  tell('open');
  tell('chosen');
}

export function setOpen(row, isOpen) {
  if (!children[row].length || Boolean(state.open[row]) === isOpen) return;
  state.open[row] = isOpen ? 1 : 0;
  tell('open');
}

/** Rows that a picture begins with, at most. */
const FIRST = 60;

/** Opens the largest closed row again and again, so that the picture begins with enough and not too much. */
export function openFirst() {
  state.open[0] = 1;
  let shown = children[0].length;
  const closed = [...children[0]];
  while (closed.length) {
    closed.sort((a, b) => whole.lines[b] - whole.lines[a]);
    const next = closed.findIndex(
      (row) => kindOf(row) !== 'Module' && children[row].length && shown + children[row].length <= FIRST,
    );
    if (next < 0) return;
    const [row] = closed.splice(next, 1);
    state.open[row] = 1;
    shown += children[row].length;
    closed.push(...children[row]);
  }
}

/** For each row the deepest row around it that is drawn: itself if all around it is open. */
export function drawn() {
  const place = new Int32Array(count);
  for (let row = 1; row < count; row++) {
    const around = rows.parent[row];
    place[row] = place[around] === around && state.open[around] ? row : place[around];
  }
  return place;
}
