// The page: parts, controls, theme.
import { commit, kinds, repository, rows, ties } from './data.js';
import { colours, legend, readColours } from './colours.js';
import { listen, openFirst, state, tell } from './state.js';
import * as details from './details.js';
import * as map from './map.js';
import * as search from './search.js';
import * as tree from './tree.js';

const THEMES = ['auto', 'dark', 'light'];
const REMEMBERED = 'mnemo-index theme';

function header() {
  document.querySelector('h1').textContent = repository;
  const modules = rows.kind.reduce((sum, kind) => sum + (kinds[kind] === 'Module'), 0);
  const parts = [`${modules.toLocaleString('en')} modules`, `${ties.length.toLocaleString('en')} ties`];
  if (commit) parts.push(`commit ${commit.slice(0, 12)}`);
  document.getElementById('counts').textContent = parts.join(' · ');
}

function controls() {
  for (const name of ['size', 'colour']) {
    document.getElementById(name).addEventListener('change', (event) => {
      state[name] = event.target.value;
      tell(name);
    });
  }
  for (const box of document.querySelectorAll('fieldset input')) {
    box.addEventListener('change', () => {
      if (box.checked) state.groups.add(box.value);
      else state.groups.delete(box.value);
      tell('groups');
    });
  }
}

function showLegend() {
  const kinds = legend().map(([colour, meaning]) => entry('background', colour, meaning));
  const ties = [entry('color', colours.out, 'leads out'), entry('color', colours.in, 'leads in')];
  for (const tie of ties) tie.firstChild.dataset.tie = '';
  document.getElementById('legend').replaceChildren(...kinds, ...(state.chosen ? ties : []));
}

function entry(property, colour, meaning) {
  const square = document.createElement('span');
  square.className = property === 'background' ? 'mark' : '';
  square.style[property] = colour;
  const item = document.createElement('span');
  item.append(square, meaning);
  return item;
}

/** What the reader chose before, where the browser lets a file remember. */
function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

function theme() {
  const button = document.getElementById('theme');
  let at = Math.max(0, THEMES.indexOf(remembered()));
  const apply = () => {
    document.documentElement.dataset.theme = THEMES[at];
    button.textContent = `Theme: ${THEMES[at]}`;
    readColours();
    tell('theme');
  };
  button.addEventListener('click', () => {
    at = (at + 1) % THEMES.length;
    try {
      localStorage.setItem(REMEMBERED, THEMES[at]);
    } catch {
      // It is only forgotten.
    }
    apply();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  apply();
}

openFirst();
header();
controls();
theme();
listen((what) => {
  if (['theme', 'colour', 'chosen'].includes(what)) showLegend();
});
showLegend();
map.start();
tree.start();
details.start();
search.start();
document.body.dataset.ready = 'yes';
