// Looks at a run's page in Chromium: node web/test/report.mjs PAGE ARTEFACTS
// The run is the one of tests/it/pages.rs: three files indexed, one that failed.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { browse } from './browser.mjs';

const [file, artefacts] = process.argv.slice(2).map((path) => resolve(path));
mkdirSync(artefacts, { recursive: true });

const text = (selector) => `document.querySelector(${JSON.stringify(selector)})?.textContent`;
const shown = (selector) => `document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect().width`;

await browse(async (page) => {
  const url = pathToFileURL(file).href;
  await page.prefer('light');
  await page.goto(url, "document.readyState === 'complete' && document.querySelector('h1') !== null");

  assert.equal(await page.see(text('h1')), 'sample');
  assert.match(await page.see(text('#ended')), /^Exit code 3/);
  const titles = await page.see("[...document.querySelectorAll('h2')].map((title) => title.textContent)");
  assert.deepEqual(titles, [
    'Files by outcome',
    'Time by stage',
    'Memory',
    'Slowest files',
    'Largest files',
    'Files that failed',
  ]);
  const outcomes = await page.see(`[...document.querySelectorAll('body > section:first-of-type tr')]
    .map((row) => [row.cells[0].textContent, row.cells[1].textContent])`);
  assert.deepEqual(outcomes, [['indexed', '3'], ['failed', '1'], ['skipped: unsupported language', '1']]);
  assert.equal(await page.see("document.querySelectorAll('#slowest tr').length"), 3);
  assert.match(await page.see(text('#failed td')), /^src\/<cart>\.ts$/);
  assert.match(await page.see(text('#failed pre')), /no_carts/);
  assert.ok((await page.see(shown('.plot .curve'))) > 100, 'the curve of memory is drawn');
  await page.screenshot(join(artefacts, 'report-light.png'));

  await page.prefer('dark');
  assert.equal(await page.see('getComputedStyle(document.body).backgroundColor'), 'rgb(20, 24, 30)');
  await page.screenshot(join(artefacts, 'report-dark.png'));
  await page.resize(420, 900);
  const beyond = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  assert.equal(await page.see(beyond), 0, 'nothing is cut off at the side');
  await page.screenshot(join(artefacts, 'report-narrow.png'));

  assert.deepEqual(page.complaints, []);
  assert.deepEqual(page.requests.filter((asked) => !asked.startsWith('data:')), [url], 'the page is all in one file');
});
