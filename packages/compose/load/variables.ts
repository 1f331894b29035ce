import { readText, shownPath } from './environment.ts';
import { findFiles } from './find-files.ts';
import type { LoadOptions } from './load.ts';
import type { Node } from './node.ts';
import { FILE_LIMIT, readYaml } from './yaml.ts';

/** A variable that files ask for. */
export interface WantedVariable {
  name: string;
  required: boolean;
  /** After `-`. */
  fallback: string;
  /** After `+`. */
  other: string;
}

/** Every variable of the files of a project, by name. */
export function interpolationVariables({ files, cwd, env, readStdin = () => '' }: LoadOptions): WantedVariable[] {
  const found = new Map<string, WantedVariable>();
  for (const file of findFiles(files, cwd, env).files) {
    const text = file === '-' ? readStdin() : readText(file, { limit: FILE_LIMIT });
    for (const document of readYaml(text, shownPath(file, cwd))) visit(document, found);
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function visit(node: Node, found: Map<string, WantedVariable>): void {
  if (node.kind === 'list') for (const item of node.items) visit(item, found);
  if (node.kind === 'map') for (const item of node.entries.values()) visit(item, found);
  if (node.kind === 'scalar' && typeof node.value === 'string') collect(node.value, found);
}

/** Depth is that of braces in one value; the reader of files has bounded the text. */
function collect(text: string, found: Map<string, WantedVariable>): void {
  const pattern =
    /\$\$|\$(?:\{([_a-zA-Z][_a-zA-Z0-9]*)(?:(:?[-?+])((?:[^{}$]|\$\{[^{}]*\}|\$)*))?\}|([_a-zA-Z][_a-zA-Z0-9]*))/g;
  for (const [, braced, operator = '', word = '', bare] of text.matchAll(pattern)) {
    const name = braced ?? bare;
    if (name === undefined) continue;
    const known = found.get(name) ?? { name, required: false, fallback: '', other: '' };
    found.set(name, {
      name,
      required: known.required || operator.endsWith('?'),
      fallback: operator.endsWith('-') ? word : known.fallback,
      other: operator.endsWith('+') ? word : known.other,
    });
    if (word.includes('$') && word.length < text.length) collect(word, found);
  }
}
