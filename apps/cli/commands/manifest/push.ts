import {
  canonicalString,
  digestOf,
  parseManifest,
  putManifest,
  type Reference,
  type RegistrySession,
} from '@berth/oci';
import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';
import { copyManifest } from './copy-manifest.ts';
import { listDocument } from './list-document.ts';
import { type KnownManifest, namedManifest, noSuchManifest, openLocalLists } from './local-lists.ts';

export const command: Command = {
  usage: '[OPTIONS] MANIFEST_LIST',
  flags: [
    { long: 'insecure', type: 'bool', help: 'Allow push to an insecure registry' },
    { long: 'purge', short: 'p', type: 'bool', help: 'Remove the local manifest list after push' },
  ],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const target = namedManifest(args[0] ?? '');
    const lists = openLocalLists(context.configDir);
    const manifests = lists.list(target);
    if (manifests === undefined) throw noSuchManifest(target);
    for (const { reference, descriptor } of manifests) {
      if (descriptor.platform?.os && descriptor.platform.architecture) continue;
      throw new CliError(
        `manifest ${canonicalString(reference)} must have an OS and Architecture to be pushed to a registry`,
      );
    }
    const document = listDocument(target, manifests);
    const { withRegistry } = await import('./registry.ts');
    await withRegistry(context, target, flags.bool('insecure'), async (session) => {
      // A list names manifests of its own repository: those of others come there first.
      for (const manifest of manifests.filter(({ reference }) => reference.path !== target.path)) {
        await bring(session, manifest, target);
        const { digest } = manifest.descriptor;
        const { domain, path } = target;
        context.out.write(`Pushed ref ${canonicalString({ domain, path, digest })} with digest: ${digest}\n`);
      }
      await putManifest(session, target.path, target.tag ?? target.digest ?? 'latest', document);
    });
    context.out.write(`${digestOf(document.bytes)}\n`);
    if (flags.bool('purge')) lists.remove(target);
    return 0;
  },
};

/** Has the registry take a manifest and its blobs over from another repository; blobs it does not lend are copied. */
async function bring(session: RegistrySession, { reference, descriptor, bytes }: KnownManifest, target: Reference) {
  const document = parseManifest(bytes, descriptor.mediaType);
  if (document.kind !== 'manifest') throw new CliError(`${canonicalString(reference)} is a manifest list`);
  const { digest } = descriptor;
  await copyManifest(
    { session, reference },
    { session, reference: target },
    { manifest: document.manifest, digest, bytes },
  );
}
