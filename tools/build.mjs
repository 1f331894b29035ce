// @ts-check
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { arch } from 'node:os';
import { dirname, join } from 'node:path';
import { bundlePrograms } from './build/bundle-programs.mjs';
import { contentHash } from './build/content-hash.mjs';
import { main, ROOT, SetupError, step } from './setup/report.mjs';
import { mustRun } from './setup/run.mjs';

const DIST = join(ROOT, 'dist');
/** Builds kept: the one in use, and those that an engine of before may still run from. */
const KEPT_BUILDS = 3;

/**
 * Fills dist/ with the engine and the client; what is up to date by its content is left alone.
 *
 * @returns {Promise<{ said: string, value: { engine: string, client: string } }>} identities of what stands in dist/
 */
export async function build() {
  const engine = await buildEngine();
  const client = await buildClient();
  const made = [engine, client].filter((part) => part.made).map((part) => part.name);
  return {
    said: made.length === 0 ? 'up to date' : `built ${made.join(' and ')}`,
    value: { engine: engine.hash, client: client.hash },
  };
}

async function buildEngine() {
  const hash = contentHash([
    'apps/engine',
    'apps/registry',
    'packages',
    'images',
    'package-lock.json',
    'tools/build.mjs',
    'tools/build',
  ]);
  const target = join(DIST, 'builds', hash);
  const current = join(DIST, 'engine');
  const made = !existsSync(join(target, 'complete'));
  if (made) {
    const unfinished = `${target}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    rmSync(target, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    const entries = new Map([
      ['main.mjs', join(ROOT, 'apps/engine/main.ts')],
      ['registry.mjs', join(ROOT, 'apps/registry/main.ts')],
    ]);
    await bundlePrograms(entries, unfinished, hash);
    addNode(unfinished);
    addKoffi(unfinished);
    const node = join(unfinished, 'node');
    for (const [what, ...words] of [
      ['the engine', 'main.mjs', '--help'],
      ['the registry', 'registry.mjs', 'serve', '--help'],
    ]) {
      const [file = '', ...rest] = words;
      await mustRun(`start ${what} as built`, node, [join(unfinished, file), ...rest], { timeout: 20_000 });
    }
    writeFileSync(join(unfinished, 'complete'), `${hash}\n`);
    renameSync(unfinished, target);
  }
  if (!existsSync(current) || readlinkSync(current) !== join('builds', hash)) {
    symlinkSync(join('builds', hash), `${current}.new`);
    renameSync(`${current}.new`, current);
  }
  forgetOldBuilds(target);
  return { name: 'the engine', hash, made };
}

async function buildClient() {
  const program = join(DIST, 'bin/berth');
  const stamp = join(DIST, 'bin/.content');
  const hash = contentHash(['apps/cli', 'packages', 'package-lock.json', 'tools/build-cli.mjs']);
  const made = !existsSync(program) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== hash;
  if (made) {
    mkdirSync(dirname(program), { recursive: true });
    rmSync(stamp, { force: true });
    await mustRun('build the client', join(ROOT, 'node_modules/.bin/node'), [join(ROOT, 'tools/build-cli.mjs')], {
      cwd: ROOT,
    });
    writeFileSync(stamp, hash);
  }
  return { name: 'the client', hash, made };
}

/** A link of the same file where the file system allows it: 120 MB. */
function addNode(/** @type {string} */ target) {
  const node = realpathSync(join(ROOT, 'node_modules', `node-linux-${arch()}`, 'bin/node'));
  try {
    linkSync(node, join(target, 'node'));
  } catch {
    copyFileSync(node, join(target, 'node'));
  }
}

/** The package and its compiled part for this platform; sources and documentation stay behind. */
function addKoffi(/** @type {string} */ target) {
  const compiled = `@koromix/koffi-linux-${arch()}`;
  if (!existsSync(join(ROOT, 'node_modules', compiled)))
    throw new SetupError(
      `The npm package ${compiled} is missing`,
      'Remove the folder node_modules and call the same command again.',
    );
  for (const name of ['koffi', compiled]) {
    const from = join(ROOT, 'node_modules', name);
    const filter = (/** @type {string} */ path) =>
      statSync(path).isDirectory() || /\.(c?js|json|node)$|LICENSE/.test(path);
    cpSync(from, join(target, 'node_modules', name), { recursive: true, filter });
  }
}

/**
 * Keeps the newest builds by their last use and drops the others, also what an interrupted build left.
 * @param {string} current
 */
function forgetOldBuilds(current) {
  const builds = join(DIST, 'builds');
  const now = new Date();
  utimesSync(join(current, 'complete'), now, now);
  const lastUse = (/** @type {string} */ name) =>
    statSync(join(builds, name, 'complete'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const names = readdirSync(builds).sort((a, b) => lastUse(b) - lastUse(a));
  for (const name of names.slice(KEPT_BUILDS)) rmSync(join(builds, name), { recursive: true, force: true });
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await main(async () => void (await step('Build', 'client and engine in dist/', build)));
}
