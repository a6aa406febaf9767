// Bundles the graph page: node build.mjs NODE_MODULES OUT
// Writes graph.js and graph.css, with the notices of the packages in them.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [packages, out] = process.argv.slice(2).map((path) => resolve(path));
const here = dirname(fileURLToPath(import.meta.url));
const esbuild = createRequire(join(packages, 'x'))('esbuild');

/** Licences that let a page be given away with the package inside. */
const PERMISSIVE = ['ISC', 'MIT', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD'];

const options = {
  bundle: true,
  minify: true,
  charset: 'utf8',
  metafile: true,
  write: false,
  nodePaths: [packages],
  logLevel: 'silent',
};

/** Name, version, licence and its text of each package in the bundle. */
function notices(inputs) {
  const names = new Set(inputs.map((input) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1]));
  names.delete(undefined);
  return [...names].sort().map((name) => {
    const folder = join(packages, name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (!PERMISSIVE.includes(license)) throw new Error(`${name} is under ${license}`);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}`;
  });
}

try {
  const script = await esbuild.build({
    ...options,
    entryPoints: [join(here, 'src/graph/main.js')],
    format: 'iife',
    target: ['chrome110', 'firefox115', 'safari16.4'],
  });
  const style = await esbuild.build({ ...options, entryPoints: [join(here, 'src/graph/style.css')] });
  const text = notices(Object.keys(script.metafile.inputs)).join('\n\n');
  const code = script.outputFiles[0].text.trim();
  if (/<\/script|<!--/i.test(code + text)) throw new Error('the bundle would end its own element');
  writeFileSync(join(out, 'graph.js'), `/*! This page holds:\n\n${text}\n*/\n${code}\n`);
  writeFileSync(join(out, 'graph.css'), style.outputFiles[0].text);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
