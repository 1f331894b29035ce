import { isOrphan, planEach } from '@berth/compose';
import type { ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/kill.ts';
import { runPlan } from './run-plan.ts';
import { selectContainers } from './select.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const { project, containers, all } = await selectContainers(compose, args, {
      declared: true,
      ...(!compose.classic && { oneOff: 'also' }),
    });
    const orphans = flags.bool('remove-orphans')
      ? all.filter((seen) => isOrphan(project, seen) && !containers.includes(seen))
      : [];
    const running = [...containers, ...orphans].filter(({ state }) =>
      ['running', 'restarting', 'paused'].includes(state),
    );
    if (running.length === 0 && !compose.classic) compose.context.err.write('No container to kill\n');
    const signal = flags.string('signal');
    await runPlan(
      compose,
      planEach(running, ['Killing', 'Killed'], ({ id }) => ({ kind: 'kill-container', container: id, signal })),
    );
    return 0;
  },
};
