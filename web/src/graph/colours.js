// Colours of the theme for the canvas, and what stands for which.
import { kindOf, kinds, whole } from './data.js';
import { state } from './state.js';

/** What the style sheet says, read again when the theme changes. */
export const colours = {};

const NAMES = ['even', 'odd', 'line', 'soft', 'text', 'hint', 'tie', 'out', 'in', 'accent', 'hover'];

/** Up to which complexity each step goes. */
const STEPS = [2, 5, 10, 20, Infinity];

export function readColours() {
  // A probe, since the variables themselves still hold both themes.
  const probe = document.body.appendChild(document.createElement('i'));
  const read = (name) => {
    probe.style.color = `var(--${name}, var(--line))`;
    return getComputedStyle(probe).color;
  };
  for (const name of NAMES) colours[name] = read(name);
  for (const kind of kinds) colours[kind] = read(`kind-${kind.toLowerCase()}`);
  STEPS.forEach((_, step) => (colours[`step${step}`] = read(`step-${step}`)));
  probe.remove();
}

export function fillOf(row) {
  if (state.colour === 'kind') return colours[kindOf(row)];
  return colours[`step${STEPS.findIndex((most) => whole.complexity[row] <= most)}`];
}

/** Pairs of colour and meaning. */
export function legend() {
  if (state.colour === 'kind') {
    return kinds.filter((kind) => kind !== 'Repository').map((kind) => [colours[kind], kind]);
  }
  return STEPS.map((most, step) => {
    const least = step === 0 ? 0 : STEPS[step - 1] + 1;
    return [colours[`step${step}`], most === Infinity ? `${least} and more` : `${least}–${most}`];
  });
}
