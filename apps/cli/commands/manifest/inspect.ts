import { describeError } from '@berth/kit';
import type { Reference } from '@berth/oci';
import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import type { Context } from '../../context.ts';
import { goJson, listDocument } from './list-document.ts';
import { fileOf, type KnownManifest, namedManifest, noSuchManifest, openLocalLists } from './local-lists.ts';

export const command: Command = {
  usage: '[OPTIONS] [MANIFEST_LIST] MANIFEST',
  flags: [
    { long: 'insecure', type: 'bool', help: 'Allow communication with an insecure registry' },
    { long: 'verbose', short: 'v', type: 'bool', help: 'Output additional info including layers and platform' },
  ],
  args: { min: 1, max: 2 },
  async run(context, { flags, args }) {
    const verbose = flags.bool('verbose');
    const reference = namedManifest(args.at(-1) ?? '');
    const lists = openLocalLists(context.configDir);
    if (args.length === 2) {
      const known = lists.get(namedManifest(args[0] ?? ''), reference);
      if (known === undefined) throw noSuchManifest(reference);
      context.out.write(oneManifest(known, verbose));
      return 0;
    }
    const local = lists.list(reference);
    const found = local ? { list: local } : await fetched(context, reference, flags.bool('insecure'));
    context.out.write(
      'list' in found ? manyManifests(reference, found.list, verbose) : oneManifest(found.manifest, verbose),
    );
    return 0;
  },
};

async function fetched(context: Context, reference: Reference, insecure: boolean) {
  const { fetchKnown, withRegistry } = await import('./registry.ts');
  return withRegistry(context, reference, insecure, (session) => fetchKnown(session, reference));
}

function oneManifest(known: KnownManifest, verbose: boolean): string {
  if (verbose) return `${goJson(fileOf(known), '\t')}\n`;
  return `${JSON.stringify(JSON.parse(known.bytes.toString()), null, '\t')}\n`;
}

function manyManifests(reference: Reference, list: readonly KnownManifest[], verbose: boolean): string {
  if (verbose) return `${goJson(list.map(fileOf), '\t')}\n`;
  try {
    return `${listDocument(reference, list).bytes.toString()}\n`;
  } catch (error) {
    throw new CliError(`failed to assemble ManifestDescriptor: ${describeError(error)}`);
  }
}
