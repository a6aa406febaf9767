// Walks through a graph page in Chromium: node web/test/graph.mjs PAGE ARTEFACTS
// The page is of the small code base in tests/it/pages.rs.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { browse } from './browser.mjs';

const [file, artefacts] = process.argv.slice(2).map((path) => resolve(path));
mkdirSync(artefacts, { recursive: true });

const READY = "document.body?.dataset.ready === 'yes'";
const current = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.ariaLabel";
const heading = "document.querySelector('h2').textContent";

/** The line of the tree with this label. */
const line = (label) => `[role=treeitem][aria-label="${label}"]`;
const twist = (label) => `${line(label)} .twist`;
const isThere = (selector) => `document.querySelector(${JSON.stringify(selector)}) !== null`;
const items = (title) => `[...document.querySelectorAll('aside details')]
  .filter((list) => list.querySelector('summary').textContent.startsWith(${JSON.stringify(title)}))
  .flatMap((list) => [...list.querySelectorAll('li .name')].map((name) => name.textContent))`;

/** What is drawn. */
const pixels = "document.querySelector('canvas').toDataURL()";
const drawing = async (page) => JSON.stringify(await page.see(pixels));

await browse(async (page) => {
  await page.prefer('light');
  await page.goto(pathToFileURL(file).href, READY);

  await byClick(page);
  await byKeyboard(page);
  await bySearch(page);
  await onTheMap(page);
  await controls(page);

  await page.press('Escape');
  await page.screenshot(join(artefacts, 'graph-light.png'));
  await page.prefer('dark');
  await page.until("getComputedStyle(document.body).backgroundColor === 'rgb(20, 24, 30)'");
  await page.screenshot(join(artefacts, 'graph-dark.png'));
  await page.resize(420, 900);
  await page.until('document.querySelector("canvas").clientWidth === document.documentElement.clientWidth');
  const beyond = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  assert.equal(await page.see(beyond), 0, 'nothing is cut off at the side');
  await page.screenshot(join(artefacts, 'graph-narrow.png'));

  assert.deepEqual(page.complaints, []);
  const fetched = page.requests.filter((url) => !url.startsWith('data:'));
  assert.deepEqual(fetched, [pathToFileURL(file).href], 'the page is all in one file');
  await isSealed(page);
});

/** Package → folder → module → class → method. */
async function byClick(page) {
  assert.equal(await page.see(isThere(line('zoo, Package'))), true);
  await page.click(twist('zoo, Package'));
  await page.until(`!(${isThere(line('src, Folder'))})`);
  await page.click(twist('zoo, Package'));
  await page.until(isThere(line('src, Folder')));
  await page.click(twist('animal.ts, Module'));
  await page.until(isThere(line('Animal, Class')));
  await page.click(twist('Animal, Class'));
  await page.until(isThere(line('speak, Method')));
  await page.click(`${line('speak, Method')} .name`);
  await page.until(`${heading} === 'Animal.speak'`);
  await page.until("document.querySelector('.source')?.textContent.includes('return sound();')");
  assert.equal(await page.see("document.querySelector('.numbers').textContent"), '2\n3\n4');
  assert.deepEqual(await page.see(items('Callees')), ['sound']);
  assert.deepEqual(await page.see(items('Callers')), ['main']);
  await page.click('aside details li button');
  await page.until(`${heading} === 'main'`);
  const source = "document.querySelector('.source')?.textContent";
  await page.until(`${source}?.includes('</script><script>')`);
}

/** The same with arrow keys alone, and back. */
async function byKeyboard(page) {
  await page.see("document.getElementById('tree').focus()");
  await page.press('Home');
  await page.until(`${current} === 'zoo-repository, Repository'`);
  const way = ['zoo, Package', 'src, Folder', 'animal.ts, Module', 'Animal, Class', 'speak, Method'];
  for (const label of way) {
    await page.press('ArrowRight');
    // A line that was closed opens first.
    if ((await page.see(current)) !== label) await page.press('ArrowRight');
    await page.until(`${current} === ${JSON.stringify(label)}`);
  }
  await page.until(`${heading} === 'Animal.speak'`);
  for (const label of way.slice(0, -1).reverse()) {
    await page.press('ArrowLeft');
    await page.until(`${current} === ${JSON.stringify(label)}`);
    await page.press('ArrowLeft');
    await page.until(`document.querySelector(${JSON.stringify(line(label))}).ariaExpanded === 'false'`);
  }
  await page.press('*', 'ArrowRight', 'ArrowRight', 'm');
  await page.until(`${current} === 'main.ts, Module'`);
  await page.press('End', 'Home', 'PageDown', 'PageUp', ' ', ' ');
  await page.until(`${current} === 'zoo-repository, Repository'`);
}

async function bySearch(page) {
  await page.press('/', ...'soun');
  await page.until("document.querySelector('#found [aria-selected=true] .name')?.textContent === 'sound'");
  await page.press('Enter');
  await page.until(`${heading} === 'sound'`);
  await page.until(`${current} === 'sound, Function'`);
  assert.deepEqual(await page.see(items('Callers')), ['Animal.speak', 'main']);
  await page.press('/', ...'no such thing');
  await page.until("document.querySelector('#found').textContent === 'Nothing of that name'");
  await page.press('Escape');
  await page.until("document.querySelector('#found').hidden");
}

/** What the pointer is on is told, and chosen by a click. */
async function onTheMap(page) {
  await page.click('#whole');
  const under = "document.getElementById('under').textContent";
  const [x, y] = await page.middle('canvas');
  await page.mouse('mouseMoved', x - 60, y);
  await page.mouse('mouseMoved', x - 61, y);
  await page.until(`${under} !== ''`);
  const told = await page.see(under);
  await page.click([x - 61, y]);
  await page.until(`${JSON.stringify(told)}.includes(${heading})`);
  const before = await drawing(page);
  await page.click('#in');
  await page.until(`${pixels} !== ${before}`);
  await page.click([x, y], 2);
  await page.click('#whole');
}

async function controls(page) {
  const legend = "document.getElementById('legend').textContent";
  for (const [control, value] of [['size', 'rank'], ['colour', 'complexity']]) {
    const before = await drawing(page);
    await page.see(`(() => {
      const control = document.getElementById('${control}');
      control.value = '${value}';
      control.dispatchEvent(new Event('change'));
    })()`);
    await page.until(`${pixels} !== ${before}`);
  }
  assert.match(await page.see(legend), /21 and more/);
  await page.click('#theme');
  await page.until("document.documentElement.dataset.theme === 'dark'");
  await page.click('#theme');
  await page.click('#theme');
  await page.until("document.documentElement.dataset.theme === 'auto'");
  await page.click('fieldset input[value=calls]');
  await page.until("!document.querySelector('fieldset input[value=calls]').checked");
  await page.click('fieldset input[value=calls]');
}

/** What names and sources hold cannot reach out: the policy stops it. */
async function isSealed(page) {
  const stopped = await page.see(`new Promise((resolve) => {
    document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), { once: true });
    fetch('http://127.0.0.1:9/').catch(() => {});
  })`);
  assert.equal(stopped, 'connect-src');
}
