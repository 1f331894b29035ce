import { listVolumeFiles, type VolumeFile } from '@berth/client';
import type { Command } from '../../command.ts';
import { alignTabs } from '../../render/tabwriter.ts';
import { humanSize } from '../../render/units.ts';

export const command: Command = {
  usage: '[OPTIONS] VOLUME [PATH]',
  description: 'List files of a volume, without a container.',
  flags: [
    { long: 'recursive', short: 'R', type: 'bool', help: 'List what is in directories as well' },
    { long: 'quiet', short: 'q', type: 'bool', help: 'Only display paths' },
  ],
  args: { min: 1, max: 2 },
  async run(context, { flags, args: [name = '', path = ''] }) {
    const options = { path, recursive: flags.bool('recursive') };
    const { Files, Truncated } = await listVolumeFiles(context.client, name, options);
    if (flags.bool('quiet')) context.out.write(Files.map((file) => `${printable(file.Path)}\n`).join(''));
    else context.out.write(`${alignTabs(['MODE\tOWNER\tSIZE\tMODIFIED\tPATH', ...Files.map(row)].join('\n'))}\n`);
    if (Truncated) context.err.write(`There are more: only the first ${Files.length} are listed.\n`);
    return 0;
  },
};

const TYPES: Record<VolumeFile['Type'], string> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  device: 'b',
  pipe: 'p',
  socket: 's',
};

function row(file: VolumeFile): string {
  const target = file.LinkTarget === undefined ? '' : ` -> ${printable(file.LinkTarget)}`;
  const time = file.Modified.slice(0, 16).replace('T', ' ');
  const owner = `${file.Uid}:${file.Gid}`;
  return [`${TYPES[file.Type]}${file.Mode}`, owner, humanSize(file.Size), time, printable(file.Path) + target].join(
    '\t',
  );
}

/** Names are chosen by whoever writes to the volume: nothing in them may steer the terminal. */
function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}
