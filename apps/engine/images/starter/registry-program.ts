import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTool } from './run-tool.ts';

const MAIN = 'registry.mjs';
/** How a program of a build names a file beside it. */
const BESIDE = /new URL\("\.\/([\w.-]+)",\s*import\.meta\.url\)/g;

/**
 * Paths of the registry's program and of what it needs beside it. In a build they lie beside the engine; from sources
 * they are made in `temporary`.
 */
export async function registryProgram(temporary: string): Promise<string[]> {
  const here = dirname(fileURLToPath(import.meta.url));
  const folder = process.env.BERTH_BUILD === undefined ? await bundle(join(here, '../../../..'), temporary) : here;
  const names = new Set([MAIN]);
  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const [, beside = ''] of text.matchAll(BESIDE)) names.add(beside);
  }
  return [...names].map((name) => join(folder, name));
}

/** In a process of its own: the bundler is no part of the engine. */
async function bundle(repository: string, temporary: string): Promise<string> {
  const script = [
    'const [tool, entry, target] = process.argv.slice(1);',
    'const { bundlePrograms } = await import(tool);',
    `await bundlePrograms(new Map([['${MAIN}', entry]]), target, 'sources');`,
  ].join('\n');
  const tool = join(repository, 'tools/build/bundle-programs.mjs');
  const entry = join(repository, 'apps/registry/main.ts');
  const words = ['--input-type=module', '--eval', script, tool, entry, temporary];
  await runTool(process.execPath, words, { debianPackage: 'nodejs' });
  return temporary;
}
