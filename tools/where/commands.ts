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

/** Follows imports within the client from a command's file; the lists of commands are no part of any command. */
function callsFrom(file: string, exporting: Map<string, string>): string[] {
  const seen = new Set([file]);
  const calls = new Set<string>();
  for (const at of seen) {
    for (const name of namesFromClient(at)) {
      const call = exporting.get(name);
      if (call !== undefined) calls.add(call);
    }
    for (const one of importsOf(ROOT, at)) {
      const ownPart = one.ours && !one.typeOnly && /^apps\/cli\/(commands|session)\//.test(one.target);
      if (ownPart && !one.target.endsWith('/index.ts')) seen.add(one.target);
    }
  }
  return [...calls].sort();
}

function namesFromClient(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const lists = [...text.matchAll(/import \{([^}]*)\} from '@berth\/client'/g)].map(([, names]) => names!);
  const dynamic = [...text.matchAll(/const \{([^}]*)\} = await import\('@berth\/client'\)/g)].map(
    ([, names]) => names!,
  );
  return [...lists, ...dynamic]
    .flatMap((names) => names.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}

/** The client package's values, by the file that its index takes them from. */
function callFilesByName(): Map<string, string> {
  const index = readFileSync(join(ROOT, 'packages/client/index.ts'), 'utf8');
  const lines = [...index.matchAll(/export \{([^}]*)\} from '\.\/([^']+)'/g)];
  return new Map(
    lines.flatMap(([, names, file]) =>
      names!.split(',').map((name): [string, string] => [name.trim(), `packages/client/${file}`]),
    ),
  );
}
