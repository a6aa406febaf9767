// Measures a graph page in Chromium without a GPU: node web/test/measure.mjs PAGE
// Prints milliseconds as JSON: until the page can be used, and the frames of a
// scripted move, with little open and with all folders open.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { browse } from './browser.mjs';

const [file] = process.argv.slice(2).map((path) => resolve(path));

/** Frames of a move. */
const FRAMES = 120;

/** Zooms in and out and drags, a step with each frame; gives the times between frames. */
const MOVE = `new Promise((resolve) => {
  const canvas = document.querySelector('canvas');
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const place = { bubbles: true, cancelable: true, view: window };
  const at = (share) => ({ ...place, clientX: left + width * share, clientY: top + height * (1 - share) });
  const times = [];
  let last;
  const frame = (now) => {
    if (last !== undefined) times.push(now - last);
    last = now;
    if (times.length === ${FRAMES}) return resolve(times);
    const step = times.length;
    canvas.dispatchEvent(new PointerEvent('pointermove', at((step % 40) / 40)));
    canvas.dispatchEvent(new WheelEvent('wheel', { ...at(0.3 + (step % 30) / 75), deltaY: step % 60 < 30 ? -60 : 60 }));
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;

/** Opens some packages and folders by the twists of the tree; gives the number of lines when all are open. */
const OPEN = `(() => {
  const tree = document.getElementById('tree');
  for (let clicks = 0; clicks < 8; clicks++) {
    const closed = [...tree.querySelectorAll('[aria-expanded=false]')]
      .find((line) => /, (Package|Folder)$/.test(line.ariaLabel));
    if (closed) closed.querySelector('.twist').click();
    else if (tree.scrollTop + tree.clientHeight >= tree.scrollHeight) return tree.scrollHeight / 24;
    else {
      tree.scrollTop += tree.clientHeight;
      return 0;
    }
  }
  return 0;
})()`;

async function openAll(page) {
  await page.see("document.getElementById('tree').scrollTop = 0");
  for (;;) {
    const rows = await page.see(OPEN);
    if (rows) return rows;
    // The tree draws what it was scrolled to with the next frame.
    await page.see('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))');
  }
}

function summary(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)], p95: sorted[Math.floor(sorted.length * 0.95)] };
}

await browse(async (page) => {
  await page.prefer('light');
  const start = performance.now();
  await page.goto(pathToFileURL(file).href, "document.body?.dataset.ready === 'yes'");
  // Drawn, and not only run.
  await page.see('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
  const opened = performance.now() - start;
  const few = summary(await page.see(MOVE));
  const rows = await openAll(page);
  const all = summary(await page.see(MOVE));
  if (page.complaints.length) throw new Error(page.complaints.join('\n'));
  console.log(JSON.stringify({ opened, few, rows, all }));
});
