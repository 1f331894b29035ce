import { planDown, planStop } from '@berth/compose';
import { confirm } from '../../confirm.ts';
import type { ComposeCommand } from './compose.ts';
import { sayDeprecated } from './deprecated.ts';
import { FLAGS } from './flags/rm.ts';
import { runPlan } from './run-plan.ts';
import { selectContainers } from './select.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  description: `Removes stopped service containers

By default, anonymous volumes attached to containers are not removed. You
can override this with -v. To list all volumes, use "docker volume ls".

Any data which is not in a volume will be lost.`,
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const { context } = compose;
    if (flags.changed('all')) sayDeprecated(compose, 'all');
    const { project, containers } = await selectContainers(compose, args, {
      declared: true,
      ...(compose.classic && { oneOff: 'also' }),
    });
    const isRunning = (state: string) => ['running', 'restarting', 'paused'].includes(state);
    if (flags.bool('stop'))
      await runPlan(
        compose,
        planStop(
          containers.filter(({ state }) => isRunning(state)),
          project,
          undefined,
        ),
      );
    const gone = containers
      .filter(({ state }) => flags.bool('stop') || !isRunning(state))
      .map((seen) => ({ ...seen, state: 'exited' }));
    if (gone.length === 0) {
      context.err.write('No stopped containers\n');
      return 0;
    }
    context.out.write(`Going to remove ${gone.map(({ name }) => name).join(', ')}\n`);
    if (!flags.bool('force') && !compose.dryRun && !confirm(context, 'Are you sure?')) return 0;
    const observed = { containers: [], networks: new Map(), volumes: new Map(), images: new Map() };
    await runPlan(
      compose,
      planDown({
        project,
        observed,
        containers: gone,
        timeout: undefined,
        volumes: flags.bool('volumes'),
        resources: false,
        images: [],
      }),
    );
    return 0;
  },
};
