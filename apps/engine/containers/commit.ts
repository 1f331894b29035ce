import type { ContainerConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { familiarString } from '@berth/oci';
import { applyChanges, type ImageRunConfig } from '../images/index.ts';
import { type Context, eventAttributes } from './context.ts';
import { comparedView, PLACEHOLDERS } from './files/open-view.ts';
import type { ContainerRecord } from './model.ts';
import { mergeImageConfig } from './parse/merge-image-config.ts';
import { parseCommitConfig } from './parse/parse-commit-config.ts';
import { parseSignal } from './parse/signals.ts';
import { pause, thaw } from './pause.ts';
import type { CommitOptions, ContainerService } from './service.ts';

/**
 * POST /commit: an image of a container's changes on top of its image. A running container is paused meanwhile, unless
 * that is not wanted. Errors: not-found, conflict (it is being removed), invalid (configuration, instructions).
 */
export function commit(context: Context): ContainerService['commit'] {
  return async (name, options) => {
    const record = context.store.resolve(name);
    if (record.state.status === 'removing' || record.state.status === 'dead') {
      const what = record.state.status === 'dead' ? 'Dead' : 'being removed';
      throw new BerthError('conflict', `You cannot commit container ${record.id} which is ${what}`);
    }
    const config = imageConfig(record.spec.config, options);
    const paused = options.pause && record.state.status === 'running' ? await pauseFor(context, record) : false;
    let id: string;
    try {
      id = await addImage(context, record, config, options);
    } finally {
      if (paused) await thaw(context, record.id);
    }
    const { comment, reference } = options;
    const imageRef = reference ? familiarString(reference) : '';
    context.publish('container', 'commit', record.id, eventAttributes(record, { comment, imageID: id, imageRef }));
    return { Id: id };
  };
}

/** False when it ended or was paused by somebody else in between. */
async function pauseFor(context: Context, record: ContainerRecord): Promise<boolean> {
  try {
    await pause(context)(record.id);
    return true;
  } catch (error) {
    if (error instanceof BerthError && error.code === 'conflict') return false;
    throw error;
  }
}

async function addImage(
  context: Context,
  record: ContainerRecord,
  config: ImageRunConfig,
  { author, comment, reference }: CommitOptions,
): Promise<string> {
  const view = comparedView(context, record);
  const { answer, body } = context.files.begin({
    kind: 'layer',
    view,
    placeholders: PLACEHOLDERS,
    owners: record.spec.remap,
  });
  try {
    await answer;
    const image = await context.images.addLayer({
      parent: record.imageId,
      layer: body!,
      config,
      author,
      comment,
      createdBy: (record.spec.config.Cmd ?? []).join(' '),
      reference,
    });
    return image.id;
  } finally {
    body!.destroy();
  }
}

/** Docker's order: the given configuration, or the container's own; then the instructions; then what is missing of the container's. */
function imageConfig(own: ContainerConfig, { config: body, changes }: CommitOptions): ImageRunConfig {
  const given = body === undefined ? own : parseCommitConfig(body);
  const changed = applyChanges(imageMembers(given), changes, { checkSignal: (signal) => void parseSignal(signal) });
  return imageMembers(
    mergeImageConfig({ ...given, ...withoutUndefined(changed) } as ContainerConfig, imageMembers(own)),
  );
}

/** What an image says of how it is run; the rest is of one container only. */
function imageMembers(config: ContainerConfig): ImageRunConfig {
  const {
    User,
    ExposedPorts,
    Env,
    Entrypoint,
    Cmd,
    Volumes,
    WorkingDir,
    Labels,
    StopSignal,
    StopTimeout,
    Shell,
    OnBuild,
    Healthcheck,
  } = config;
  return {
    ...(User && { User }),
    ...(ExposedPorts && { ExposedPorts }),
    Env,
    ...(Entrypoint && { Entrypoint }),
    Cmd,
    ...(Volumes && { Volumes }),
    ...(WorkingDir && { WorkingDir }),
    Labels,
    ...(StopSignal && { StopSignal }),
    ...(StopTimeout !== undefined && { StopTimeout }),
    ...(Shell && { Shell }),
    ...(OnBuild && { OnBuild }),
    ...(Healthcheck && { Healthcheck }),
  };
}

function withoutUndefined(config: ImageRunConfig): ImageRunConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}
