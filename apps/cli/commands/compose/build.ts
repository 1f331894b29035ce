import { imageName, withDependencies } from '@berth/compose';
import { type BuildOptions, buildServices } from './build-services.ts';
import { type ComposeCommand, openProject, warn } from './compose.ts';
import { sayDeprecated } from './deprecated.ts';
import { FLAGS } from './flags/build.ts';
import { readProgress } from './global-wishes.ts';
import { pushServices } from './push.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    if (flags.changed('parallel')) sayDeprecated(compose, 'parallel');
    const progress = flags.string('progress');
    const options: BuildOptions = {
      quiet: flags.bool('quiet'),
      noCache: flags.bool('no-cache'),
      pull: flags.bool('pull'),
      args: flags.list('build-arg'),
      memory: flags.number('memory'),
      ssh: flags.string('ssh'),
      ...(progress !== '' && { progress: readProgress(progress) }),
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
    if (compose.style === 'classic') {
      for (const name of services)
        if (!project.services[name]?.build) compose.context.err.write(`${name} uses an image, skipping\n`);
    } else if (toBuild.length === 0) warn(compose.context, 'No services to build');
    if (flags.bool('print')) {
      const { bakeFile } = await import('./bake-file.ts');
      compose.context.out.write(`${JSON.stringify(bakeFile(project, toBuild, compose.style), null, 2)}\n`);
      return 0;
    }
    await buildServices(compose, project, toBuild, options);
    if (flags.bool('push'))
      await pushServices(
        compose,
        new Map(toBuild.map((name) => [name, imageName(project, name, project.services[name] ?? {}, compose.style)])),
        { quiet: false, ignoreFailures: false },
      );
    return 0;
  },
};
