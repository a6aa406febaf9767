// What the page shows: rows of a tree, and ties between them, in columns.

const read = (id) => JSON.parse(document.getElementById(id).textContent);

/** Which ties the picture and the lists tell of together. */
export const GROUPS = {
  imports: ['imports', 're_exports'],
  calls: ['calls'],
  inherits: ['extends', 'implements'],
};

const data = read('graph');

export const { repository, commit, version, kinds } = data;
export const rows = data.rows;
export const count = rows.parent.length;

const groupOf = data.relations.map(
  (relation) => Object.keys(GROUPS).find((group) => GROUPS[group].includes(relation)) ?? 'imports',
);

/** Ties as { source, target, group, relation, sites }. */
export const ties = data.edges.map(([source, target, relation, sites]) => ({
  source,
  target,
  group: groupOf[relation],
  relation: data.relations[relation],
  sites,
}));

export const children = Array.from({ length: count }, () => []);
export const depth = new Int32Array(count);
for (let row = 1; row < count; row++) {
  children[rows.parent[row]].push(row);
  depth[row] = depth[rows.parent[row]] + 1;
}

/** Of a row and all in it: lines of code, rank, and the highest complexity. */
export const whole = {
  lines: new Float64Array(count),
  rank: new Float64Array(count),
  complexity: new Int32Array(count),
};
/** The last row that stands inside each. */
const last = Int32Array.from({ length: count }, (_, row) => row);
for (let row = count - 1; row >= 0; row--) {
  // A file's own count holds those of its definitions, a class's those of its methods.
  whole.lines[row] = Math.max(whole.lines[row], rows.lines[row]);
  whole.rank[row] += rows.rank[row];
  whole.complexity[row] = Math.max(whole.complexity[row], rows.complexity[row]);
  const parent = rows.parent[row];
  if (row === 0) break;
  whole.lines[parent] += whole.lines[row];
  whole.rank[parent] += whole.rank[row];
  whole.complexity[parent] = Math.max(whole.complexity[parent], whole.complexity[row]);
  last[parent] = Math.max(last[parent], last[row]);
}

export function kindOf(row) {
  return kinds[rows.kind[row]];
}

/** The rows around a row, outermost first, itself last. */
export function lineage(row) {
  const line = [row];
  while (line[0] !== 0) line.unshift(rows.parent[line[0]]);
  return line;
}

/** The file or folder of a row, below the root. */
export function pathOf(row) {
  const parts = [];
  for (const at of lineage(row)) {
    const kind = kindOf(at);
    if (kind === 'Package') parts.push(data.folders[at]);
    else if (kind === 'Folder' || kind === 'Module') parts.push(rows.name[at]);
  }
  return parts.filter(Boolean).join('/');
}

/** `Class.method` below its file, or the path. */
export function titleOf(row) {
  const names = lineage(row).filter((at) => !['Repository', 'Package', 'Folder', 'Module'].includes(kindOf(at)));
  return names.map((at) => rows.name[at]).join('.') || (kindOf(row) === 'Module' ? pathOf(row) : rows.name[row]);
}

/** Whether `row` is `around` or stands in it. */
export function isInside(row, around) {
  return around <= row && row <= last[around];
}

/** How many rows stand inside. */
export function inside(row) {
  return last[row] - row;
}

/** The file a row belongs to. */
function fileOf(row) {
  return lineage(row).find((at) => kindOf(at) === 'Module');
}

let blocks;
const unpacked = new Map();

/** The pieces of a row's source: [{ line, text, isCut }]. */
export async function sourceOf(row) {
  const block = data.blocks[fileOf(row)];
  if (block === undefined) return [];
  if (!unpacked.has(block)) unpacked.set(block, unpack(block));
  const pieces = await unpacked.get(block);
  return pieces.filter(([at]) => at === row).map(([, line, text, isCut]) => ({ line, text, isCut }));
}

async function unpack(block) {
  blocks ??= read('sources');
  const bytes = Uint8Array.from(atob(blocks[block]), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream).json();
}

/**
 * What ties a row, and all in it, to what is outside of it: the other ends of
 * the ties that lead `out` or `in`, each with its number of places, most first.
 */
export function neighbours(row, direction, isWanted) {
  const [here, there] = direction === 'out' ? ['source', 'target'] : ['target', 'source'];
  const isWide = ['Repository', 'Package', 'Folder'].includes(kindOf(row));
  const found = new Map();
  for (const tie of ties) {
    if (!isWanted(tie) || !isInside(tie[here], row) || isInside(tie[there], row)) continue;
    const end = isWide ? (fileOf(tie[there]) ?? tie[there]) : tie[there];
    found.set(end, (found.get(end) ?? 0) + tie.sites);
  }
  return [...found].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}
