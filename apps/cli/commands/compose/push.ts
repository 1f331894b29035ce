import { imageName, withDependencies } from '@berth/compose';
import { describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { command as push } from '../image/push.ts';
import { type Compose, type ComposeCommand, openProject } from './compose.ts';
import { delegate } from './delegate.ts';
import { FLAGS } from './flags/push.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const project = openProject(compose, args);
    const services = withDependencies(project, args, flags.bool('include-deps'));
    // Only what is built here is ours to push.
    const ours = services.filter((name) => project.services[name]?.build && project.services[name]?.image);
    const images = new Map(
      ours.map((name) => [name, imageName(project, name, project.services[name] ?? {}, compose.style)]),
    );
    await pushServices(compose, images, {
      quiet: flags.bool('quiet'),
      ignoreFailures: flags.bool('ignore-push-failures'),
    });
    return 0;
  },
};

/** Pushes images of services, one after the other. */
export async function pushServices(
  compose: Compose,
  images: ReadonlyMap<string, string>,
  options: { quiet: boolean; ignoreFailures: boolean },
): Promise<void> {
  const { context, dryRun, style } = compose;
  for (const [name, image] of images) {
    context.err.write(style === 'classic' ? `Pushing ${name} (${image})...\n` : ` ${name} Pushing \n`);
    try {
      if (!dryRun)
        await delegate(context, push, [...(options.quiet ? ['--quiet'] : []), image], `${compose.program} push`);
    } catch (error) {
      if (!options.ignoreFailures) throw error instanceof Error ? error : new CliError(describeError(error));
      context.err.write(`${describeError(error)}\n`);
    }
  }
}
