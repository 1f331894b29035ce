import { type ComposeCommand, openProject } from './compose.ts';
import { converge, readWishes } from './converge.ts';
import { FLAGS } from './flags/create.ts';
import { runPlan } from './run-plan.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, parsed) {
    const project = openProject(compose, parsed.args);
    const declared = new Set(FLAGS.map(({ long }) => long));
    const wishes = readWishes(compose, parsed, (flag) => declared.has(flag));
    const wished = await converge(compose, project, { ...wishes, start: false });
    await runPlan(compose, wished.operations);
    return 0;
  },
};
