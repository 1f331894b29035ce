import { pushImage } from '@berth/client';
import { type Service, withDependencies } from '@berth/compose';
import { describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import { readNamed } from '../image/named.ts';
import { command as push } from '../image/push.ts';
import { showStream } from '../image/show-stream.ts';
import { registryAuth } from '../registry/credentials.ts';
import { type Compose, type ComposeCommand, openProject } from './compose.ts';
import { delegate } from './delegate.ts';
import { FLAGS } from './flags/push.ts';
import { sideBySide } from './side-by-side.ts';
import { openView } from './view/progress.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const project = openProject(compose, args);
    const services = withDependencies(project, args, flags.bool('include-deps'));
    // Only what is built here is ours to push.
    const ours = services.filter((name) => project.services[name]?.build && project.services[name]?.image);
    await pushServices(compose, new Map(ours.map((name) => [name, namesOf(project.services[name])])), {
      quiet: flags.bool('quiet'),
      ignoreFailures: flags.bool('ignore-push-failures'),
    });
    return 0;
  },
};

/** The names under which an image that is built is pushed. */
export function namesOf(service: Service | undefined): string[] {
  return [...new Set([service?.image ?? [], service?.build?.tags ?? []].flat())];
}

interface PushOptions {
  quiet: boolean;
  ignoreFailures: boolean;
}

/** Pushes the images of services, each with all its names; side by side, but one after the other as docker-compose. */
export async function pushServices(
  compose: Compose,
  images: ReadonlyMap<string, string | readonly string[]>,
  options: PushOptions,
): Promise<void> {
  if (compose.classic) return pushInTurn(compose, images, options);
  const { context, dryRun } = compose;
  const view = await openView(compose, { quiet: options.quiet });
  const failed: string[] = [];
  const pushAll = async (name: string, tags: readonly string[]) => {
    view.note(name, 'Pushing');
    try {
      for (const tag of tags) if (!dryRun) await pushSilently(context, tag);
      view.note(name, 'Pushed');
    } catch (error) {
      view.note(name, 'Error');
      failed.push(describeError(error));
    }
  };
  await sideBySide(images, compose.parallel, ([name, tags]) => pushAll(name, [tags].flat()));
  view.end();
  if (failed.length && !options.ignoreFailures) throw new CliError(failed.join('\n'));
  for (const text of failed) context.err.write(`${text}\n`);
}

async function pushInTurn(
  { context, dryRun, program }: Compose,
  images: ReadonlyMap<string, string | readonly string[]>,
  options: PushOptions,
): Promise<void> {
  for (const [name, tags] of images)
    for (const tag of [tags].flat()) {
      context.err.write(`Pushing ${name} (${tag})...\n`);
      try {
        if (!dryRun) await delegate(context, push, [...(options.quiet ? ['--quiet'] : []), tag], `${program} push`);
      } catch (error) {
        if (!options.ignoreFailures) throw error instanceof Error ? error : new CliError(describeError(error));
        context.err.write(`${describeError(error)}\n`);
      }
    }
}

/** What is shown is the service alone. */
async function pushSilently(context: Context, name: string): Promise<void> {
  const { familiar, tag } = readNamed(name, false);
  const auth = await registryAuth(context, familiar);
  await showStream(context, await pushImage(context.client, familiar, { tag, auth }), { quiet: true });
}
