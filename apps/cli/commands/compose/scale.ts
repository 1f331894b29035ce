import { CliError } from '../../cli-error.ts';
import { type ComposeCommand, openProject } from './compose.ts';
import { converge, keptNotes, readScale } from './converge.ts';
import { FLAGS } from './flags/scale.ts';
import { runPlan } from './run-plan.ts';

export const command: ComposeCommand = {
  usage: '[SERVICE=REPLICAS...]',
  flags: FLAGS,
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const bad = args.find((word) => !/^[^=]+=\d+$/.test(word));
    if (bad) throw new CliError(`invalid scale specifier: ${bad}`);
    const scale = readScale(args);
    const project = openProject(compose, [...scale.keys()]);
    const wished = await converge(compose, project, {
      named: [...scale.keys()],
      dependencies: !flags.bool('no-deps'),
      recreate: 'changed',
      recreateDependencies: 'never',
      scale,
      removeOrphans: false,
      renewVolumes: false,
      replaceVolumes: false,
      timeout: undefined,
      start: true,
      images: { pull: '', build: false, noBuild: false, quietPull: false, quietBuild: false },
    });
    await runPlan(compose, wished.operations, { notes: keptNotes(wished) });
    return 0;
  },
};
