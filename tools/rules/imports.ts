import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** One import as written. `target` is a path of ours relative to the repository, or the name of a package or Node module. */
export interface Import {
  target: string;
  ours: boolean;
  /** False for `import(…)`, which loads only when it is reached. */
  atStart: boolean;
  /** Types vanish before anything runs. */
  typeOnly: boolean;
}

const STATEMENT = /^[ \t]*(?:import|export)\b(?:\s+(type)\b)?(?:[\w\s{},*$]*?\bfrom)?\s*['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/**
 * The imports of one source file, in order. `@berth/NAME` is followed to the workspace's entry file,
 * `@berth/NAME/PART` to that of the part.
 * `root` is the repository, `file` a path relative to it.
 */
export function importsOf(root: string, file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const found = [...text.matchAll(STATEMENT)].map(([, type, name]) =>
    place(root, file, name!, true, type !== undefined),
  );
  return [...found, ...[...text.matchAll(DYNAMIC)].map(([, name]) => place(root, file, name!, false, false))];
}

function place(root: string, file: string, name: string, atStart: boolean, typeOnly: boolean): Import {
  if (name.startsWith('.'))
    return { target: relative(root, resolve(root, dirname(file), name)), ours: true, atStart, typeOnly };
  const [, workspace, part] = /^@berth\/([\w-]+)(?:\/([\w-]+))?$/.exec(name) ?? [];
  if (workspace !== undefined && part !== undefined) {
    return { target: `packages/${workspace}/${part}/index.ts`, ours: true, atStart, typeOnly };
  }
  if (workspace === undefined) return { target: name, ours: false, atStart, typeOnly };
  const entries = [`packages/${workspace}/index.ts`, `apps/${workspace}/main.ts`];
  return { target: entries.find((path) => existsSync(join(root, path))) ?? entries[0]!, ours: true, atStart, typeOnly };
}
