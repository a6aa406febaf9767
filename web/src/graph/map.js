// The map: a treemap of what is open, with the ties between what is drawn.
import { hierarchy, treemap } from 'd3-hierarchy';
import { select } from 'd3-selection';
import 'd3-transition';
import { zoom, zoomIdentity } from 'd3-zoom';

import { children, count, depth, inside, isInside, kindOf, pathOf, rows, ties, titleOf, whole } from './data.js';
import { colours, fillOf } from './colours.js';
import { choose, drawn, listen, setOpen, state } from './state.js';

const section = document.getElementById('drawing');
const canvas = section.querySelector('canvas');
const under = document.getElementById('under');
const context = canvas.getContext('2d');

/** Ties that are drawn where nothing is chosen, the strongest. */
const MOST_TIES = 100;
/** Ties of what is chosen. */
const MOST_CHOSEN = 400;
const FONT = '12px system-ui, sans-serif';

let width = 0;
let height = 0;
let boxes = new Float64Array(4 * count);
let transform = zoomIdentity;
let bundles = [];
let labels = [];
let isDue = false;

const behaviour = zoom()
  .scaleExtent([1, 20000])
  .clickDistance(4)
  .on('zoom', (event) => {
    transform = event.transform;
    draw();
  });

/** Lays all rows out, open or not, so that nothing moves when one is opened. */
function lay() {
  const values = whole[state.size];
  // Something of everything is to be seen, also of what nobody calls.
  const least = state.size === 'rank' ? values[0] / count / 4 || 1 : 1;
  const own = (row) => children[row].reduce((rest, child) => rest - values[child], values[row]);
  const root = hierarchy(0, (row) => children[row])
    .sum((row) => Math.max(own(row), least))
    .sort((a, b) => b.value - a.value);
  const side = (node) => Math.min(node.x1 - node.x0, node.y1 - node.y0);
  treemap()
    .size([width, height])
    .paddingInner((node) => Math.min(4, side(node) * 0.02))
    .paddingOuter((node) => Math.min(5, side(node) * 0.03))
    .paddingTop((node) => (node.depth ? Math.min(21, (node.y1 - node.y0) * 0.16) : 4))(root);
  root.each((node) => boxes.set([node.x0, node.y0, node.x1, node.y1], 4 * node.data));
}

/** Where a row is on the screen: left, top, width, height. */
function boxOf(row) {
  const { k, x, y } = transform;
  const [x0, y0, x1, y1] = boxes.subarray(4 * row, 4 * row + 4);
  return [x0 * k + x, y0 * k + y, (x1 - x0) * k, (y1 - y0) * k];
}

/** One bundle for all ties between the same two drawn rows. */
function bundle() {
  const place = drawn();
  const found = new Map();
  for (const tie of ties) {
    if (!state.groups.has(tie.group)) continue;
    const source = place[tie.source];
    const target = place[tie.target];
    if (isInside(source, target) || isInside(target, source)) continue;
    const key = source * count + target;
    const known = found.get(key);
    if (known) known.sites += tie.sites;
    else found.set(key, { source, target, sites: tie.sites });
  }
  bundles = [...found.values()].sort((a, b) => b.sites - a.sites);
}

export function draw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    paint();
  });
}

function paint() {
  const ratio = window.devicePixelRatio || 1;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  context.textBaseline = 'middle';
  labels = [];
  paintRows();
  paintTies();
  labels.forEach((of) => label(...of));
  paintOutline(state.hovered, colours.hover, 1.5);
  if (state.chosen > 0) paintOutline(state.chosen, colours.accent, 2.5);
}

function isSeen([x, y, w, h]) {
  return x < width && y < height && x + w > 0 && y + h > 0;
}

function paintRows() {
  const stack = [0];
  while (stack.length) {
    const row = stack.pop();
    const box = boxOf(row);
    if (!isSeen(box) || box[2] < 1 || box[3] < 1) continue;
    if (state.open[row] && children[row].length) {
      paintOpen(row, box);
      stack.push(...children[row]);
    } else {
      paintClosed(row, box);
    }
  }
}

function paintOpen(row, [x, y, w, h]) {
  context.fillStyle = depth[row] % 2 ? colours.odd : colours.even;
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  round(x, y, w, h);
  context.fill();
  context.stroke();
  const head = headOf(row, y);
  if (row > 0 && head >= 13) labels.push([rows.name[row], x, y, w, Math.min(head, 22), colours.soft]);
}

/** The room above the first row of those inside. */
function headOf(row, top) {
  let first = Infinity;
  for (const child of children[row]) first = Math.min(first, boxes[4 * child + 1]);
  return first * transform.k + transform.y - top;
}

function paintClosed(row, [x, y, w, h]) {
  context.fillStyle = fillOf(row);
  round(x, y, w, h);
  context.fill();
  if (children[row].length && w > 90 && h > 60) paintInside(row);
  if (w > 34 && h > 14) labels.push([rows.name[row], x, y, w, Math.min(h, 22), colours.text]);
}

/** A hint of what is in a closed row. */
function paintInside(row) {
  context.strokeStyle = colours.hint;
  context.lineWidth = 1;
  for (const child of children[row]) {
    const [x, y, w, h] = boxOf(child);
    if (w > 3 && h > 3) context.strokeRect(x, y, w, h);
  }
}

function round(x, y, w, h) {
  context.beginPath();
  context.roundRect(x, y, w, h, Math.min(4, w / 4, h / 4));
}

function label(text, x, y, w, h, colour) {
  const left = Math.max(x, 0) + 6;
  const room = Math.min(x + w, width) - left - 6;
  const short = fit(text, room);
  if (!short) return;
  context.fillStyle = colour;
  context.fillText(short, left, Math.max(y, 0) + h / 2 + 0.5);
}

const widths = new Map();

/** `text` as far as there is room; nothing if that is too little to read. */
function fit(text, room) {
  if (!widths.has(text)) widths.set(text, context.measureText(text).width);
  if (widths.get(text) <= room) return text;
  const letters = Math.floor((room / widths.get(text)) * text.length) - 1;
  return letters >= 3 ? `${text.slice(0, letters)}…` : '';
}

function paintTies() {
  if (state.chosen === 0) {
    for (const tie of bundles.slice(0, MOST_TIES)) paintTie(tie, colours.tie, 0.45);
    return;
  }
  const own = bundles.filter((tie) => isInside(tie.source, state.chosen) || isInside(tie.target, state.chosen));
  for (const tie of own.slice(0, MOST_CHOSEN)) {
    paintTie(tie, isInside(tie.source, state.chosen) ? colours.out : colours.in, 0.85);
  }
}

/** A bow from middle to middle, drawn between the edges, with its head at the target. */
function paintTie({ source, target, sites }, colour, strength) {
  const from = boxOf(source);
  const to = boxOf(target);
  if (!isSeen(from) && !isSeen(to)) return;
  const [mx, my] = middle(from);
  const [nx, ny] = middle(to);
  const [dx, dy] = [nx - mx, ny - my];
  if (Math.hypot(dx, dy) < 4) return;
  const bow = [[mx, my], [(mx + nx) / 2 - dy * 0.16, (my + ny) / 2 + dx * 0.16], [nx, ny]];
  const [start, bend, end] = between(bow, leaves(bow, from, 0), leaves(bow, to, 1));
  context.globalAlpha = strength;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = Math.min(5, 0.8 + Math.log2(sites) * 0.45);
  context.beginPath();
  context.moveTo(...start);
  context.quadraticCurveTo(...bend, ...end);
  context.stroke();
  head(...end, Math.atan2(end[1] - bend[1], end[0] - bend[0]), 4 + context.lineWidth);
  context.globalAlpha = 1;
}

const middle = ([x, y, w, h]) => [x + w / 2, y + h / 2];

/** A point of a quadratic curve, or of the blossom that its parts are cut with. */
function blossom([a, b, c], s, t) {
  const weights = [(1 - s) * (1 - t), s + t - 2 * s * t, s * t];
  return [0, 1].map((axis) => a[axis] * weights[0] + b[axis] * weights[1] + c[axis] * weights[2]);
}

const between = (curve, s, t) => [blossom(curve, s, s), blossom(curve, s, t), blossom(curve, t, t)];

/** Where a curve that ends in a box, at 0 or 1, crosses its edge. */
function leaves(curve, [x, y, w, h], end) {
  let [inner, outer] = [end, 1 - end];
  for (let round = 0; round < 10; round++) {
    const t = (inner + outer) / 2;
    const [px, py] = blossom(curve, t, t);
    if (px > x && px < x + w && py > y && py < y + h) inner = t;
    else outer = t;
  }
  return inner;
}

function head(x, y, angle, size) {
  context.beginPath();
  context.moveTo(x, y);
  for (const turn of [-0.4, 0.4]) context.lineTo(x - size * Math.cos(angle + turn), y - size * Math.sin(angle + turn));
  context.fill();
}

function paintOutline(row, colour, thickness) {
  if (row <= 0) return;
  const [x, y, w, h] = boxOf(row);
  context.strokeStyle = colour;
  context.lineWidth = thickness;
  round(x, y, w, h);
  context.stroke();
}

/** The innermost drawn row at a point. */
function rowAt([px, py]) {
  let row = 0;
  for (;;) {
    const next = state.open[row] && children[row].find((child) => {
      const [x, y, w, h] = boxOf(child);
      return px >= x && px < x + w && py >= y && py < y + h;
    });
    if (!next) return row;
    row = next;
  }
}

/** Shows a row as large as there is room. */
export function zoomTo(row) {
  const [x0, y0, x1, y1] = boxes.subarray(4 * row, 4 * row + 4);
  const k = row === 0 ? 1 : 0.6 / Math.max((x1 - x0) / width, (y1 - y0) / height);
  const target = zoomIdentity
    .translate(width / 2, height / 2)
    .scale(Math.max(1, k))
    .translate(-(x0 + x1) / 2, -(y0 + y1) / 2);
  move((selection) => selection.call(behaviour.transform, row === 0 ? zoomIdentity : target));
}

function move(change) {
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  change(isCalm ? select(canvas) : select(canvas).transition().duration(350));
}

function resize() {
  const { clientWidth, clientHeight } = section;
  if (clientWidth === width && clientHeight === height) return;
  width = clientWidth;
  height = clientHeight;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  behaviour.extent([[0, 0], [width, height]]).translateExtent([[0, 0], [width, height]]);
  lay();
  draw();
}

function point(event) {
  const { left, top } = canvas.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

function hover(row) {
  if (row === state.hovered) return;
  state.hovered = row;
  under.textContent = row > 0 ? `${kindOf(row)} ${titleOf(row)}${kindOf(row) === 'Module' ? '' : `, ${pathOf(row)}`}` : '';
  draw();
}

export function start() {
  select(canvas).call(behaviour).on('dblclick.zoom', null);
  canvas.addEventListener('pointermove', (event) => hover(rowAt(point(event))));
  canvas.addEventListener('pointerleave', () => hover(-1));
  canvas.addEventListener('click', (event) => choose(rowAt(point(event))));
  canvas.addEventListener('dblclick', (event) => {
    const row = rowAt(point(event));
    if (inside(row)) setOpen(row, true);
    zoomTo(row);
  });
  document.getElementById('in').addEventListener('click', () => move((of) => of.call(behaviour.scaleBy, 1.6)));
  document.getElementById('out').addEventListener('click', () => move((of) => of.call(behaviour.scaleBy, 1 / 1.6)));
  document.getElementById('whole').addEventListener('click', () => zoomTo(0));
  listen((what) => {
    if (what === 'open' || what === 'groups') bundle();
    if (what === 'size') lay();
    draw();
  });
  new ResizeObserver(resize).observe(section);
  bundle();
  resize();
}
