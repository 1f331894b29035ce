import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { importsOf } from '../rules/imports.ts';
import { productSources, ROOT } from '../rules/tree.ts';

/** A command of the client: its words, other names, the file that holds it, the files of API calls that it reaches. */
export interface CommandPlace {
  path: string;
  aliases: string[];
  file: string;
  calls: string[];
}

const ENTRY = /path: '([^']+)',(?:\s*aliases: \[([^\]]*)\],)?[^{}]*?import\('(\.\/[^']+)'\)/g;

/** Every command, as the lists in apps/cli/commands have them. */
export function commandPlaces(): CommandPlace[] {
  const lists = productSources().filter((file) => /^apps\/cli\/(registry|commands\/.*index)\.ts$/.test(file));
  const exporting = callFilesByName();
  const found = lists.flatMap((list) =>
    [...readFileSync(join(ROOT, list), 'utf8').matchAll(ENTRY)].map(([, path, aliases, relative]) => {
      const file = join(dirname(list), relative!);
      return {
        path: path!,
        aliases: [...(aliases ?? '').matchAll(/'([^']+)'/g)].map(([, name]) => name!),
        file,
        calls: callsFrom(file, exporting),
      };
    }),
  );
  return found.sort((a, b) => a.path.localeCompare(b.path));
}

/**
 * Follows imports within the client and Compose from a command's file; the lists of commands are no part of any command,
 * and of Compose only what a command takes.
 */
function callsFrom(file: string, exporting: Map<string, string>): string[] {
  const seen = new Set([file]);
  const calls = new Set<string>();
  const compose = filesByName('packages/compose');
  for (const at of seen) {
    for (const name of namesFrom(at, 'client')) {
      const call = exporting.get(name);
      if (call !== undefined) calls.add(call);
    }
    for (const name of namesFrom(at, 'compose')) {
      const part = compose.get(name);
      if (part !== undefined) seen.add(part);
    }
    for (const one of importsOf(ROOT, at)) {
      const ownPart =
        one.ours && !one.typeOnly && /^(apps\/cli\/(commands|session)|packages\/compose)\//.test(one.target);
      if (ownPart && !one.target.endsWith('/index.ts')) seen.add(one.target);
    }
  }
  return [...calls].sort();
}

function namesFrom(file: string, workspace: 'client' | 'compose'): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const lists = [...text.matchAll(new RegExp(`import \\{([^}]*)\\} from '@berth/${workspace}'`, 'g'))].map(
    ([, names]) => names!,
  );
  const dynamic = [
    ...text.matchAll(new RegExp(`const \\{([^}]*)\\} = await import\\('@berth/${workspace}'\\)`, 'g')),
  ].map(([, names]) => names!);
  return [...lists, ...dynamic]
    .flatMap((names) => names.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}

function callFilesByName(): Map<string, string> {
  return filesByName('packages/client');
}

/** A package's values, by the file that its index takes them from. */
function filesByName(workspace: string): Map<string, string> {
  const index = readFileSync(join(ROOT, workspace, 'index.ts'), 'utf8');
  const lines = [...index.matchAll(/export \{([^}]*)\} from '\.\/([^']+)'/g)];
  return new Map(
    lines.flatMap(([, names, file]) =>
      names!.split(',').map((name): [string, string] => [name.trim(), `${workspace}/${file}`]),
    ),
  );
}
