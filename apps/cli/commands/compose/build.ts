import { withDependencies } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { FlagValues } from '../../flags/values.ts';
import { type BuildOptions, buildServices } from './build-services.ts';
import { type Compose, type ComposeCommand, openProject, warn } from './compose.ts';
import { sayDeprecated } from './deprecated.ts';
import { FLAGS } from './flags/build.ts';
import { readProgress } from './global-wishes.ts';
import { namesOf, pushServices } from './push.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(given, { flags, args }) {
    const compose = withProgress(given, flags);
    if (flags.changed('parallel')) sayDeprecated(compose, 'parallel');
    const options: BuildOptions = {
      quiet: flags.bool('quiet'),
      noCache: flags.bool('no-cache'),
      pull: flags.bool('pull'),
      args: flags.list('build-arg'),
      memory: flags.number('memory'),
      ssh: readSsh(flags),
      provenance: flags.string('provenance'),
      sbom: flags.string('sbom'),
      check: flags.bool('check'),
      builder: flags.string('builder'),
      compress: flags.bool('compress'),
      forceRm: flags.bool('force-rm'),
      noRm: flags.bool('no-rm'),
    };
    const project = openProject(compose, args);
    const services = withDependencies(project, args, flags.bool('with-dependencies'));
    const toBuild = services.filter((name) => project.services[name]?.build);
    if (compose.classic) {
      for (const name of services)
        if (!project.services[name]?.build) compose.context.err.write(`${name} uses an image, skipping\n`);
    } else if (toBuild.length === 0) warn(compose, 'No services to build');
    if (flags.bool('print')) {
      const { bakeFile } = await import('./bake-file.ts');
      const file = bakeFile(project, toBuild, compose.style, { ...options, push: flags.bool('push') });
      compose.context.out.write(`${JSON.stringify(file, null, 2)}\n`);
      return 0;
    }
    await buildServices(compose, project, toBuild, options);
    if (flags.bool('push') && !options.check) {
      // A name that Compose has made up is in no registry.
      const named = toBuild.filter((name) => project.services[name]?.image);
      await pushServices(compose, new Map(named.map((name) => [name, namesOf(project.services[name])])), {
        quiet: flags.bool('quiet'),
        ignoreFailures: false,
      });
    }
    return 0;
  },
};

/** `--progress` behind the command is that of all of Compose. */
function withProgress(compose: Compose, flags: FlagValues): Compose {
  if (!flags.changed('progress')) return compose;
  compose.context.err.write(
    `--progress is a global compose flag, better use \`${compose.program} --progress xx build ...\`\n`,
  );
  return { ...compose, progress: readProgress(flags.string('progress')) };
}

/** `default`, or an agent's or key's `ID=PATH`; '' where there is none. Throws CliError. */
function readSsh(flags: FlagValues): string {
  const wish = flags.string('ssh');
  if (wish === '') return flags.changed('ssh') ? 'default' : '';
  if (wish !== 'default' && !wish.includes('=')) throw new CliError(`invalid ssh key ${JSON.stringify(wish)}`);
  return wish;
}
