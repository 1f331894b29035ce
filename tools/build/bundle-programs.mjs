// @ts-check
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { SetupError } from '../setup/report.mjs';

/** How sources name a file beside them; the only way that the build follows. */
const BESIDE = /new URL\(\s*'(\.{1,2}\/[^']+)'\s*,\s*import\.meta\.url\s*\)/g;

/** CommonJS parts of dependencies call `require`, which a module does not have. */
const REQUIRE =
  "import { createRequire as berthCreateRequire } from 'node:module'; const require = berthCreateRequire(import.meta.url);";

/**
 * Makes one file each of some entries and everything that they import. Workers (`new URL('./x.ts', import.meta.url)`) become
 * files of their own and data files are copied, all flat beside them under their own names.
 *
 * @param {ReadonlyMap<string, string>} entries name in the target folder → absolute path of a program's main file
 * @param {string} target folder to fill
 * @param {string} buildId what `process.env.BERTH_BUILD` reads as
 */
export async function bundlePrograms(entries, target, buildId) {
  const esbuild = await import('esbuild');
  const beside = new Map(entries);
  const done = new Set();
  for (const [name, source] of beside) {
    if (done.has(name)) continue;
    done.add(name);
    if (!name.endsWith('.mjs') || !source.endsWith('.ts')) {
      copyFileSync(source, join(target, name));
      continue;
    }
    await esbuild
      .build({
        entryPoints: [source],
        outfile: join(target, name),
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node24',
        external: ['koffi'],
        banner: { js: REQUIRE },
        define: { 'process.env.BERTH_BUILD': JSON.stringify(buildId) },
        sourcemap: 'linked',
        sourcesContent: false,
        legalComments: 'none',
        logLevel: 'silent',
        plugins: [followFilesBeside(beside)],
      })
      .catch((error) => {
        throw new SetupError(`Cannot build ${name}: ${error instanceof Error ? error.message : String(error)}`);
      });
  }
}

/**
 * @param {Map<string, string>} beside name in the target folder → source; grows while bundling
 * @returns {import('esbuild').Plugin}
 */
function followFilesBeside(beside) {
  return {
    name: 'files-beside',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (path.includes('/node_modules/')) return undefined;
        const text = readFileSync(path, 'utf8');
        return {
          contents: text.replace(
            BESIDE,
            (_, relative) => `new URL('./${claim(beside, resolve(dirname(path), relative))}', import.meta.url)`,
          ),
          loader: 'ts',
        };
      });
    },
  };
}

/**
 * The name of a source's product: its own, with those of its folders before it where another file has it already.
 *
 * @param {Map<string, string>} beside
 * @param {string} source
 */
function claim(beside, source) {
  if (!existsSync(source)) throw new SetupError(`A source file names ${source}, which does not exist`);
  let name = basename(source).replace(/\.ts$/, '.mjs');
  for (let folder = dirname(source); (beside.get(name) ?? source) !== source; folder = dirname(folder)) {
    if (folder === dirname(folder)) throw new SetupError(`No name is left for what is built of ${source}`);
    name = `${basename(folder)}-${name}`;
  }
  beside.set(name, source);
  return name;
}
