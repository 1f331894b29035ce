import { isAbsolute, join, resolve } from 'node:path';
import { inPlaceOf, type Node, valueText } from '../load/node.ts';
import type { Form, FormContext } from './forms.ts';

/** An absolute path of what was written: `~` is the home folder, relative ones begin at the working folder. */
export function absolutePath(text: string, context: FormContext): string {
  if (!context.resolvePaths) return text;
  if (text === '~' || text.startsWith('~/')) return join(context.home, text.slice(1));
  return isAbsolute(text) ? text : resolve(context.workingDir, text);
}

export const path: Form = (node, _path, context) =>
  node.kind === 'scalar' && typeof node.value === 'string' && node.value !== ''
    ? { ...node, value: absolutePath(node.value, context) }
    : node;

/** A path, unless it is an address of another kind: `https://…`, `git@…`, `docker-image://…`, `service:…`. */
export const pathOrAddress: Form = (node, where, context) => {
  const text = node.kind === 'scalar' ? valueText(node.value) : '';
  return isAddress(text) ? node : inPlaceOf(node, path(node, where, context) as Node);
};

export function isAddress(text: string): boolean {
  return /^([a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/|service:)/.test(text);
}
