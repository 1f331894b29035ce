import { statSync } from 'node:fs';
import { CliError } from '../../cli-error.ts';
import type { Parsed } from '../../command.ts';
import type { Context } from '../../context.ts';
import { alignTabs } from '../../render/tabwriter.ts';
import { humanSize } from '../../render/units.ts';
import { openSource } from './source/open.ts';
import type { DirectorySource } from './source/source.ts';
import { walkContext } from './source/walk.ts';

/**
 * `build context --list [--why] [PATH]`, also `build --list PATH`: the files that a build would send, and which rule includes
 * or excludes each. Nothing is sent and no engine is asked.
 */
export async function listContext(context: Context, { args, flags }: Parsed): Promise<number> {
  const source = await openSource(context, directoryOf(args), flags.string('file'));
  try {
    if (source.kind !== 'directory' || source.root === '')
      throw new CliError('--list is about a directory: an archive has no rules, all of it is sent');
    const why = flags.bool('why');
    const lines = why ? explained(source) : sent(source);
    context.out.write(lines.length ? `${alignTabs(lines.join('\n'))}\n` : '');
    return 0;
  } finally {
    await source.dispose();
  }
}

/** `context` before another argument, or where there is no such directory, is the command's word. */
function directoryOf(args: readonly string[]): string {
  const [first = '.', second] = args;
  if (args.length > 2 || (args.length === 2 && first !== 'context'))
    throw new CliError('build context --list takes one directory');
  if (second !== undefined) return second;
  return first === 'context' && !statSync(first, { throwIfNoEntry: false })?.isDirectory() ? '.' : first;
}

function sent({ root, rules }: DirectorySource): string[] {
  return walkContext(root, { rules }).map(({ path, type, stat }) => {
    const size = type === 'file' ? humanSize(stat.size) : '-';
    return `${size}\t${type === 'directory' ? `${path}/` : path}`;
  });
}

/** Every file of the directory; what lies in a directory that is not looked into is told by that directory. */
function explained({ root, rules }: DirectorySource): string[] {
  const everything = { name: '', verdict: () => ({ excluded: false, rule: undefined }), isPruned: () => false };
  const lines = ['\tFILE\tWHY'];
  const pruned: string[] = [];
  for (const { path, type } of walkContext(root, { rules: everything })) {
    if (pruned.some((folder) => path.startsWith(folder))) continue;
    const { excluded, rule } = rules.verdict(path);
    const isPruned = type === 'directory' && excluded && rules.isPruned(path);
    if (isPruned) pruned.push(`${path}/`);
    const name = `${path}${type === 'directory' ? '/' : ''}${isPruned ? '…' : ''}`;
    const reason = rule ? `${rules.name}:${rule.line}: ${rule.text}` : 'no rule matches';
    lines.push(`${excluded ? '-' : '+'}\t${name}\t${reason}`);
  }
  return lines;
}
