import type { RunOperation } from '@berth/dockerfile';
import { BerthError } from '@berth/kit';
import type { Build } from '../build-context.ts';
import type { NewLayer } from '../files/file-work.ts';
import type { StageImage } from '../stage-image.ts';
import { cachedStep, type StepPlace } from './cached-step.ts';
import type { StepOutcome } from './config-step.ts';
import { runHistory } from './history.ts';
import { below } from './image-layers.ts';

/** RUN: a program in a container on the image so far; what it changes is the layer. */
export async function runStep(place: StepPlace & { operation: RunOperation }, useCache: boolean): Promise<StepOutcome> {
  const { operation, before } = place;
  refuseUnsupported(operation);
  return cachedStep(place, {
    inputs: {
      base: before.id,
      instruction: JSON.stringify(operation.argv),
      arguments: Object.fromEntries(operation.args.map(({ name, value }) => [name, value])),
      settings: settingsOf(operation),
      filesDigest: '',
    },
    files: [],
    useCache,
    createdBy: runHistory(operation),
    make: (signal, tell) => run(place, signal, tell),
  });
}

function settingsOf({
  network,
  security,
  workdir,
  user,
  environment,
  instruction,
}: RunOperation): Record<string, string> {
  return {
    network,
    security,
    workdir,
    user,
    environment: JSON.stringify(environment),
    mounts: JSON.stringify(instruction.kind === 'run' ? instruction.mounts.map(({ text }) => text) : []),
  };
}

function refuseUnsupported({ mounts, script, devices }: RunOperation): void {
  if (mounts.length > 0) throw new BerthError('not-supported', 'RUN --mount is not supported yet');
  if (script !== undefined) throw new BerthError('not-supported', 'RUN scripts are not supported yet');
  if (devices.length > 0) throw new BerthError('not-supported', 'RUN --device is not supported');
}

async function run(
  { build, operation, before, reporter }: StepPlace & { operation: RunOperation },
  signal: AbortSignal,
  tell: (stream: 1 | 2, bytes: Buffer) => void,
): Promise<NewLayer> {
  const image = before.image?.id ?? emptyImage(build, before);
  let layer: NewLayer;
  const { id, exitCode } = await build.builder.steps.run({
    body: bodyOf(build, operation, image),
    signal,
    onCreated: (container) => reporter.running(container),
    onOutput: tell,
    take: async (upper) => {
      layer = await build.builder.files.seal(below(build.builder, before), upper);
    },
  });
  if (exitCode === 0 || build.request.forceRemove) reporter.removed(id);
  if (exitCode !== 0) throw failed(operation, exitCode);
  return layer;
}

function failed({ argv }: RunOperation, exitCode: number): BerthError {
  return new BerthError('invalid', `The command '${argv.join(' ')}' returned a non-zero code: ${exitCode}`, {
    details: { exitCode, command: argv.join(' ') },
  });
}

/** A container needs an image, also one of nothing. */
function emptyImage({ builder }: Build, { platform }: StageImage): string {
  const config = { ...platform, config: {}, rootfs: { type: 'layers' as const, diff_ids: [] }, history: [] };
  return builder.images.drafts.add(config, [], '').id;
}

function bodyOf({ request }: Build, operation: RunOperation, image: string): Record<string, unknown> {
  const { argv, environment, proxies, workdir, user, network, security } = operation;
  const { NetworkMode, ...settings } = request.run;
  if (security === 'insecure' && !request.session?.allow.includes('security.insecure'))
    throw new BerthError('forbidden', 'security.insecure is not allowed', {
      hint: 'Allow it for this build: --allow security.insecure',
    });
  if (network === 'host' && NetworkMode !== 'host' && !request.session?.allow.includes('network.host'))
    throw new BerthError('forbidden', 'network.host is not allowed', {
      hint: 'Allow it for this build: --allow network.host',
    });
  return {
    Image: image,
    Entrypoint: [],
    Cmd: argv,
    Env: [...environment, ...proxies],
    WorkingDir: workdir,
    User: user,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      ...settings,
      NetworkMode: network === 'default' ? NetworkMode || 'default' : network,
      Privileged: security === 'insecure',
    },
  };
}
