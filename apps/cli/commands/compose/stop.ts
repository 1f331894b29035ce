import { planStop } from '@berth/compose';
import type { ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/stop.ts';
import { runPlan } from './run-plan.ts';
import { selectContainers } from './select.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const { project, containers } = await selectContainers(compose, args, {
      declared: true,
      ...(!compose.classic && { oneOff: 'also' }),
    });
    const running = containers.filter(({ state }) => ['running', 'restarting', 'paused'].includes(state));
    await runPlan(compose, planStop(running, project, flags.changed('timeout') ? flags.number('timeout') : undefined));
    return 0;
  },
};
