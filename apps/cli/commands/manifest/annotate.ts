import { describeError } from '@berth/kit';
import type { Platform, Reference } from '@berth/oci';
import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';
import type { FlagValues } from '../../flags/values.ts';
import { namedManifest, openLocalLists } from './local-lists.ts';

export const command: Command = {
  usage: '[OPTIONS] MANIFEST_LIST MANIFEST',
  flags: [
    { long: 'arch', type: 'string', help: 'Set architecture' },
    { long: 'os', type: 'string', help: 'Set operating system' },
    { long: 'os-features', type: 'strings', help: 'Set operating system feature' },
    { long: 'os-version', type: 'string', help: 'Set operating system version' },
    { long: 'variant', type: 'string', help: 'Set architecture variant' },
  ],
  args: exactArgs(2),
  async run(context, { flags, args: [list = '', image = ''] }) {
    const target = parsed(list, 'manifest list');
    const reference = parsed(image, 'manifest');
    const lists = openLocalLists(context.configDir);
    const known = lists.get(target, reference);
    if (known === undefined) throw new CliError(`manifest for image ${image} does not exist in ${list}`);
    const platform = annotated(known.descriptor.platform ?? { architecture: '', os: '' }, flags);
    if (!VALID[platform.os]?.includes(platform.architecture)) {
      throw new CliError(
        `manifest entry for image has unsupported os/arch combination: ${flags.string('os')}/${flags.string('arch')}`,
      );
    }
    lists.save(target, { ...known, descriptor: { ...known.descriptor, platform } });
    return 0;
  },
};

function parsed(text: string, what: string): Reference {
  try {
    return namedManifest(text);
  } catch (error) {
    throw new CliError(`annotate: error parsing name for ${what} ${text}: ${describeError(error)}`);
  }
}

/** Members in the order in which Docker writes them. Features are added to those that are there. */
function annotated(before: Platform, flags: FlagValues): Platform {
  const added = flags.list('os-features').flatMap((text) => text.split(','));
  const features = [...new Set([...(before['os.features'] ?? []), ...added])];
  const version = flags.string('os-version') || before['os.version'];
  const variant = flags.string('variant') || before.variant;
  return {
    architecture: flags.string('arch') || before.architecture,
    os: flags.string('os') || before.os,
    ...(version && { 'os.version': version }),
    ...(features.length > 0 && { 'os.features': features }),
    ...(variant && { variant }),
  };
}

/** What Docker takes for platforms of images. */
const VALID: Record<string, readonly string[]> = {
  darwin: ['386', 'amd64', 'arm', 'arm64'],
  dragonfly: ['amd64'],
  freebsd: ['386', 'amd64', 'arm'],
  linux: ['386', 'amd64', 'arm', 'arm64', 'mips64', 'mips64le', 'ppc64le', 'riscv64', 's390x'],
  netbsd: ['386', 'amd64', 'arm'],
  openbsd: ['386', 'amd64', 'arm'],
  plan9: ['386', 'amd64'],
  solaris: ['amd64'],
  windows: ['386', 'amd64'],
};
