import { dirname } from 'node:path';
import type { Import } from './imports.ts';

/** Who may import whom between workspaces; from the table in docs/architecture.md. */
const WORKSPACES: Record<string, readonly string[]> = {
  'packages/kit': [],
  'packages/contract': [],
  'packages/oci': ['packages/kit'],
  'packages/client': ['packages/contract', 'packages/kit'],
  'packages/dockerfile': ['packages/kit'],
  'packages/compose': ['packages/client', 'packages/contract', 'packages/kit'],
  'apps/engine': ['packages/kit', 'packages/contract', 'packages/oci', 'packages/dockerfile'],
  'apps/cli': [
    'packages/client',
    'packages/contract',
    'packages/kit',
    'packages/compose',
    'packages/dockerfile',
    'packages/oci',
  ],
  'apps/registry': ['packages/kit', 'packages/oci'],
};

/** Inside the engine: a folder imports from those below it, never from its own step or above. */
const STEPS: readonly (readonly string[])[] = [
  ['linux'],
  ['filters'],
  ['state', 'settings', 'tls'],
  ['events'],
  ['archives', 'cdi'],
  ['volumes', 'images', 'networks'],
  ['containers'],
  ['exec'],
  ['build'],
  ['system'],
  ['api'],
  ['metrics'],
];

/** A noun's routes lie with the noun and are a part of the API. */
const ROUTES = /^apps\/engine\/[^/]+\/routes(-[\w-]+)?\.ts$/;

/** Folders of small modules without an index: each file is its own interface. */
const OPEN_FOLDERS = new Set(['linux', 'filters', 'state']);

/** Files beside the folders that every folder may read. */
const FOR_ALL = new Set(['apps/engine/config.ts', 'apps/engine/package.json']);

/** What costs the client milliseconds at every start (node:http alone 10 to 20). */
const SLOW_TO_START = new Set(['node:http', 'node:https', 'node:net', 'node:tls', 'node:http2', 'yaml']);

/** Says in a sentence why `file` may not import this, or undefined when it may. Paths are relative to the repository. */
export function offence(file: string, { target, ours, atStart, typeOnly }: Import): string | undefined {
  const from = workspaceOf(file);
  if (from === undefined) return undefined;
  if (!ours) return foreignOffence(file, from, target, atStart && !typeOnly);
  if (file.startsWith('apps/engine/images/starter/') && /^images\/[\w-]+\.json$/.test(target)) return undefined;
  const to = workspaceOf(target);
  if (to === undefined) return `${from} may not import from outside of the workspaces`;
  if (to !== from) return WORKSPACES[from]?.includes(to) ? undefined : `${from} may not import ${to}`;
  return from === 'apps/engine' ? engineOffence(file, target) : undefined;
}

function foreignOffence(file: string, from: string, target: string, loads: boolean): string | undefined {
  if (target === 'koffi' && !file.startsWith('apps/engine/linux/'))
    return 'only apps/engine/linux calls the kernel: koffi stays there';
  if (loads && (from === 'apps/cli' || from === 'packages/client') && SLOW_TO_START.has(target)) {
    return `${target} would slow down every start of the client: load it with import() where it is needed`;
  }
  return undefined;
}

function engineOffence(file: string, target: string): string | undefined {
  const [from, to] = [folderOf(file), folderOf(target)];
  if (dirname(file) === dirname(target) && !ROUTES.test(target)) return undefined;
  if (from === to || from === '' || FOR_ALL.has(target)) return undefined;
  if (to === '')
    return `${from} may not import ${target}: what it needs from above it declares as an interface, joined in main.ts`;
  const [low, high] = [stepOf(to), stepOf(from)];
  if (low === -1 || high === -1)
    return `the folder ${low === -1 ? to : from} has no place in the import order: name it in tools/rules/boundaries.ts`;
  if (low >= high)
    return `${from} may not import ${to}: the order is ${STEPS.map((step) => step.join(', ')).join(' → ')} → main`;
  const open = OPEN_FOLDERS.has(to) || /^apps\/engine\/[^/]+\/(index|model)\.ts$/.test(target);
  return open ? undefined : `${to} is imported through its index.ts or model.ts only`;
}

/** `packages/kit`, `apps/engine`, …; undefined outside of these. */
function workspaceOf(path: string): string | undefined {
  return /^(?:packages|apps)\/[^/]+(?=\/)/.exec(path)?.[0];
}

/** The folder directly below apps/engine, `api` for routes; '' for files that lie there. */
function folderOf(path: string): string {
  if (ROUTES.test(path)) return 'api';
  return /^apps\/engine\/([^/]+)\//.exec(path)?.[1] ?? '';
}

function stepOf(folder: string): number {
  return STEPS.findIndex((step) => step.includes(folder));
}
