// Builds the front end into static/dist: one script, one style sheet, one SVG sprite and the favicon, each with a
// content hash in its name and .gz and .br copies; manifest.json (plain name to built name); LICENSES.txt.
// Run `node build.mjs` after `npm ci --ignore-scripts`.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const OUT = join(ROOT, 'static/dist');
const MODULES = join(ROOT, 'node_modules');
const TARGET = ['chrome123', 'firefox121', 'safari17.5'];
const GZIP_BUDGET_BYTES = 40_000;
// `make dev` adds a script that loads pages again.
const IS_DEV = Boolean(process.env.CALLBOARD_DEV);
// Pages use WebSocket only (static/js/live.js) and get text only, but socket.io-client always imports its other
// transports, and what binary data would need.
const UNUSED = /engine\.io-client\/build\/esm\/transports\/(polling.*|webtransport)\.js$/;
const UNUSED_COUNT = 3;
const TEXT_ONLY = { 'socket.io-parser': 'text-parser', 'engine.io-parser': 'text-packets' };
// What browsers have themselves: addresses and their queries, parsed and written.
const BUILT_IN = {
  parseuri: `export function parse(source) {
    const { protocol, hostname, port, pathname, search } = new URL(source);
    const host = hostname.replace(/[[\\]]/g, '');
    return { source, protocol: protocol.slice(0, -1), host, port, path: pathname, query: search.slice(1) };
  }`,
  parseqs: `export const encode = (values) => new URLSearchParams(values).toString();
    export const decode = (text) => Object.fromEntries(new URLSearchParams(text));`,
};

const ICONS = [
  'archive',
  'archive-restore',
  'arrow-left',
  'calendar-days',
  'chevron-down',
  'chevron-left',
  'chevron-right',
  'circle-alert',
  'command',
  'hand',
  'history',
  'inbox',
  'info',
  'keyboard',
  'log-out',
  'mic',
  'phone',
  'phone-incoming',
  'phone-missed',
  'phone-outgoing',
  'rotate-cw',
  'search',
  'sticky-note',
  'voicemail',
  'x',
];

const manifest = {};
const sizes = [];

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });

const bundledPackages = await bundle();
publish('icons.svg', sprite());
publish('favicon.svg', readFileSync(join(ROOT, 'static/favicon.svg')));
writeFileSync(join(OUT, 'LICENSES.txt'), licenses([...bundledPackages, 'lucide-static']));
writeFileSync(join(OUT, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
report();

// Bundles script and style sheet. Returns the names of the bundled packages.
async function bundle() {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: { 'app.js': 'static/js/main.js', 'app.css': 'static/css/app.css' },
    inject: IS_DEV ? ['scripts/dev-reload.js'] : [],
    outdir: OUT,
    bundle: true,
    minify: true,
    // Private by convention: the packages' own names, also where they are quoted.
    mangleProps: /^_[a-zA-Z]/,
    mangleQuoted: true,
    format: 'esm',
    target: TARGET,
    legalComments: 'none', // they are in LICENSES.txt, in full
    metafile: true,
    write: false,
    plugins: [{ name: 'text-by-websocket-only', setup: leaveOutUnused }],
  });
  for (const { path, contents, text } of result.outputFiles) {
    publish(`app${extname(path)}`, extname(path) === '.js' && !IS_DEV ? Buffer.from(await minified(text)) : contents);
  }
  return packagesIn(Object.keys(result.metafile.inputs));
}

// terser saves another twentieth, compressed, after esbuild.
async function minified(script) {
  const { code } = await minify(script, { module: true, compress: { passes: 3 } });
  return code;
}

// Replaces the unused modules by stubs. Fails if a new version of the packages has other files or exports.
function leaveOutUnused({ onLoad, onResolve, onEnd }) {
  const contents = 'export const XHR = null, Fetch = null, WT = null;';
  onResolve({ filter: /^(socket|engine)\.io-parser$/ }, ({ path }) => ({
    path: join(ROOT, `static/js/${TEXT_ONLY[path]}.js`),
  }));
  onLoad({ filter: UNUSED }, () => ({ contents }));
  for (const [name, builtIn] of Object.entries(BUILT_IN)) {
    onLoad({ filter: new RegExp(`engine\\.io-client/build/esm/contrib/${name}\\.js$`) }, () => ({ contents: builtIn }));
  }
  onEnd(({ metafile }) => {
    const unused = Object.keys(metafile?.inputs ?? {}).filter((path) => UNUSED.test(path));
    if (unused.length !== UNUSED_COUNT) throw new Error(`Unexpected modules of socket.io-client: ${unused}`);
  });
}

function packagesIn(inputs) {
  const names = inputs.map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]);
  return new Set(names.filter(Boolean));
}

// One <symbol> per icon; pages refer to `icons.svg#name`. Lines and colors come from the style sheet, as <use>
// inherits them.
function sprite() {
  const symbols = ICONS.map((name) => {
    const source = readFileSync(join(MODULES, `lucide-static/icons/${name}.svg`), 'utf8');
    const shapes = source.match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
    return `<symbol id="${name}" viewBox="0 0 24 24">${shapes.replace(/\s*\n\s*/g, '')}</symbol>`;
  });
  const notice = '<!-- Lucide, ISC license: see LICENSES.txt -->';
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${notice}${symbols.join('')}</svg>\n`);
}

function publish(name, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
  const extension = extname(name);
  const builtName = `${basename(name, extension)}.${hash}${extension}`;
  const gzipped = gzipSync(content, { level: 9 });
  writeFileSync(join(OUT, builtName), content);
  writeFileSync(join(OUT, `${builtName}.gz`), gzipped);
  writeFileSync(join(OUT, `${builtName}.br`), brotliCompressSync(content));
  manifest[name] = builtName;
  sizes.push({ builtName, raw: content.length, gzip: gzipped.length });
}

function licenses(names) {
  const texts = names.sort().map((name) => {
    const { version } = JSON.parse(readFileSync(join(MODULES, name, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md'].map((f) => join(MODULES, name, f)).find((f) => existsSync(f));
    return `${name} ${version}\n\n${readFileSync(file, 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(72)}\n\n`);
}

function report() {
  const total = sizes.reduce((sum, { gzip }) => sum + gzip, 0);
  for (const { builtName, raw, gzip } of sizes) {
    console.log(`${builtName.padEnd(28)} ${String(raw).padStart(7)} B ${String(gzip).padStart(7)} B gzip`);
  }
  console.log(`${'in all'.padEnd(38)} ${String(total).padStart(7)} B gzip of ${GZIP_BUDGET_BYTES}`);
  if (total > GZIP_BUDGET_BYTES && !IS_DEV) {
    throw new Error('The built files exceed GZIP_BUDGET_BYTES.');
  }
}
