import { describeError } from '@berth/kit';
import { canonicalString, type Reference } from '@berth/oci';
import { CliError } from '../../cli-error.ts';
import { atLeastArgs, type Command } from '../../command.ts';
import type { Context } from '../../context.ts';
import { type KnownManifest, namedManifest, openLocalLists } from './local-lists.ts';

export const command: Command = {
  usage: 'MANIFEST_LIST MANIFEST [MANIFEST...]',
  flags: [
    { long: 'amend', short: 'a', type: 'bool', help: 'Amend an existing manifest list' },
    { long: 'insecure', type: 'bool', help: 'Allow communication with an insecure registry' },
  ],
  args: atLeastArgs(2),
  async run(context, { flags, args: [name = '', ...manifests] }) {
    const target = targetOf(name);
    const lists = openLocalLists(context.configDir);
    if (lists.list(target) !== undefined && !flags.bool('amend')) {
      throw new CliError('refusing to amend an existing manifest list with no --amend flag');
    }
    for (const text of manifests) {
      const reference = namedManifest(text);
      const known = lists.get(target, reference) ?? (await fetchOne(context, reference, flags.bool('insecure')));
      lists.save(target, known);
    }
    context.out.write(`Created manifest list ${canonicalString(target)}\n`);
    return 0;
  },
};

function targetOf(name: string): Reference {
  try {
    return namedManifest(name);
  } catch (error) {
    throw new CliError(`error parsing name for manifest list ${name}: ${describeError(error)}`);
  }
}

async function fetchOne(context: Context, reference: Reference, insecure: boolean): Promise<KnownManifest> {
  const { fetchKnown, withRegistry } = await import('./registry.ts');
  const found = await withRegistry(context, reference, insecure, (session) => fetchKnown(session, reference));
  if ('list' in found) throw new CliError(`${canonicalString(reference)} is a manifest list`);
  return found.manifest;
}
