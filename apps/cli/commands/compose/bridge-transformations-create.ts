import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createContainer, removeContainer } from '@berth/client';
import { observeImage } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import { command as cp } from '../container/cp.ts';
import { pullImage } from '../container/pull-image.ts';
import { DEFAULT_TRANSFORMATION } from './bridge-convert.ts';
import type { ComposeCommand } from './compose.ts';
import { delegate } from './delegate.ts';
import { FLAGS } from './flags/bridge-transformations-create.ts';

export const command: ComposeCommand = {
  usage: '[OPTION] PATH',
  flags: FLAGS,
  args: { min: 1, max: 1 },
  async run({ context, dryRun }, { flags, args: [path = ''], invoked }) {
    const folder = resolve(path);
    if (existsSync(folder)) throw new CliError(`output folder ${JSON.stringify(path)} exists already`);
    const image = flags.string('from') || DEFAULT_TRANSFORMATION;
    if (dryRun) return 0;
    if (!(await observeImage(context.client, image))) await pullImage(context, image, { platform: '', quiet: false });
    const { Id } = await createContainer(context.client, { Image: image }, { name: '', platform: '' });
    try {
      mkdirSync(folder, { recursive: true });
      await delegate(context, cp, [`${Id}:/templates`, folder], invoked);
    } finally {
      await removeContainer(context.client, Id, { force: true, volumes: true, link: false });
    }
    writeFileSync(
      join(folder, 'Dockerfile'),
      `FROM ${image}\nLABEL com.docker.compose.bridge=transformation\nCOPY templates /templates\n`,
    );
    return 0;
  },
};
