import { planEach } from '@berth/compose';
import type { ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/unpause.ts';
import { runPlan } from './run-plan.ts';
import { selectContainers } from './select.ts';

export const command: ComposeCommand = {
  usage: '[SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { args }) {
    const { containers } = await selectContainers(compose, args, { declared: true });
    const meant = containers.filter(({ state }) => state === 'paused');
    await runPlan(
      compose,
      planEach(meant, ['Unpausing', 'Unpaused'], ({ id }) => ({ kind: 'unpause-container', container: id })),
    );
    return 0;
  },
};
