import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  containerLogs,
  createContainer,
  inspectContainer,
  removeContainer,
  startContainer,
  waitContainer,
} from '@berth/client';
import { composeFile, observeImage, toYaml } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import { containerOutput } from '../../session/output.ts';
import { pullImage } from '../container/pull-image.ts';
import { type Compose, type ComposeCommand, openProject } from './compose.ts';
import { FLAGS } from './flags/bridge-convert.ts';

export const DEFAULT_TRANSFORMATION = 'docker/compose-bridge-kubernetes';

export const command: ComposeCommand = {
  usage: '[OPTIONS]',
  description:
    'Convert compose files to Kubernetes manifests, Helm charts, or another model\n\nA transformation is an image: it gets the project as /in/compose.yaml and writes what it makes to /out.',
  flags: FLAGS,
  args: { min: 0, max: 0 },
  async run(compose, { flags }) {
    const project = openProject(compose);
    const images = flags.list('transformation');
    const output = resolve(flags.string('output'));
    const templates = flags.string('templates');
    if (compose.dryRun) return 0;
    const work = mkdtempSync(join(tmpdir(), 'berth-bridge-'));
    try {
      writeFileSync(join(work, 'compose.yaml'), toYaml(composeFile(project, undefined, { normalized: true })));
      mkdirSync(output, { recursive: true });
      for (const image of images.length ? images : [DEFAULT_TRANSFORMATION]) {
        const binds = [
          `${work}:/in:ro`,
          `${output}:/out`,
          ...(templates ? [`${resolve(templates)}:/templates:ro`] : []),
        ];
        await transform(compose, image, binds);
      }
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    return 0;
  },
};

/** Runs a transformation to its end. */
async function transform(compose: Compose, image: string, binds: string[]): Promise<void> {
  const { context } = compose;
  const { client } = context;
  if (!(await observeImage(client, image))) await pullImage(context, image, { platform: '', quiet: false });
  const user = process.getuid?.();
  const body = {
    Image: image,
    Env: ['LICENSE_AGREEMENT=true'],
    ...(user !== undefined && { User: String(user) }),
    HostConfig: { Binds: binds, NetworkMode: 'none' },
  };
  const { Id } = await createContainer(client, body, { name: '', platform: '' });
  try {
    const { exited } = await waitContainer(client, Id, 'next-exit');
    await startContainer(client, Id);
    const { StatusCode } = await exited;
    const details = await inspectContainer(client, Id);
    const logs = await containerLogs(client, Id, {
      stdout: true,
      stderr: true,
      follow: false,
      timestamps: false,
      details: false,
      since: '',
      until: '',
      tail: 'all',
    });
    const show = containerOutput(context, details.Config.Tty);
    for await (const chunk of logs.body) await show(chunk);
    if (StatusCode !== 0) throw new CliError(`the transformation ${image} ended with ${StatusCode}`);
  } finally {
    await removeContainer(client, Id, { force: true, volumes: true, link: false });
  }
}
