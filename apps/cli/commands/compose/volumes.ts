import { listVolumes } from '@berth/client';
import { LABEL } from '@berth/compose';
import { renderVolumeList } from '../../render/volumes.ts';
import { type ComposeCommand, projectOrName } from './compose.ts';
import { FLAGS } from './flags/volumes.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const project = projectOrName(compose, args);
    const { Volumes } = await listVolumes(compose.context.client, { label: [`${LABEL.project}=${project.name}`] });
    const used = new Set(args.flatMap((name) => (project.services[name]?.volumes ?? []).map(({ source }) => source)));
    const shown = (Volumes ?? []).filter(({ Labels }) => args.length === 0 || used.has(Labels?.[LABEL.volume] ?? ''));
    compose.context.out.write(
      await renderVolumeList(shown, { format: flags.string('format'), quiet: flags.bool('quiet') }),
    );
    return 0;
  },
};
