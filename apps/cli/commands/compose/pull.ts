import { imageName, observeImage, withDependencies } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import { type ComposeCommand, openProject, warn } from './compose.ts';
import { sayDeprecated } from './deprecated.ts';
import { FLAGS } from './flags/pull.ts';
import { pullServices } from './prepare-images.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    // docker-compose pulls one after the other, as --no-parallel wishes.
    if (flags.changed('no-parallel') && !compose.classic) sayDeprecated(compose, 'no-parallel');
    if (flags.changed('parallel')) sayDeprecated(compose, 'parallel');
    const policy = flags.string('policy');
    if (!['', 'missing', 'always'].includes(policy))
      throw new CliError(`invalid --policy ${JSON.stringify(policy)}; accepted are "missing" and "always"`);
    const project = openProject(compose, args);
    const images = new Map<string, string>();
    for (const name of withDependencies(project, args, flags.bool('include-deps'))) {
      const service = project.services[name] ?? {};
      const wish = policy || (service.pull_policy ?? '');
      if (!service.image || service.provider || wish === 'never') continue;
      if (service.build && (flags.bool('ignore-buildable') || wish === 'build')) continue;
      const image = imageName(project, name, service, compose.style);
      if (['missing', 'if_not_present'].includes(wish) && (await observeImage(compose.context.client, image))) continue;
      images.set(name, image);
    }
    const mustBuild: string[] = [];
    try {
      await pullServices(compose, project, images, flags.bool('quiet'), {
        ignoreFailures: flags.bool('ignore-pull-failures'),
        onFailure: (service) => mustBuild.push(...(project.services[service]?.build ? [service] : [])),
      });
    } finally {
      if (mustBuild.length)
        warn(
          compose,
          `WARNING: Some service image(s) must be built from source by running:\n    ${compose.program} build ${mustBuild.join(' ')}`,
        );
    }
    return 0;
  },
};
