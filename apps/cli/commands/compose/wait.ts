import { waitContainer } from '@berth/client';
import { observe, planDown } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/wait.ts';
import { runPlan } from './run-plan.ts';
import { selectContainers } from './select.ts';

export const command: ComposeCommand = {
  usage: 'SERVICE [SERVICE...] [OPTIONS]',
  flags: FLAGS,
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const { client, out } = compose.context;
    const { project, containers } = await selectContainers(compose, args);
    if (containers.length === 0) throw new CliError('no containers for the services');
    if (compose.dryRun) return 0;
    const ends = containers.map(async ({ id }) => {
      const { StatusCode } = await (await waitContainer(client, id, 'not-running')).exited;
      return { id, code: StatusCode };
    });
    const say = ({ id, code }: { id: string; code: number }) => {
      out.write(`container ${JSON.stringify(id)} exited with status code ${code}\n`);
      return code;
    };
    if (!flags.bool('down-project')) {
      const all = await Promise.all(ends.map((end) => end.then(say)));
      return all.find((code) => code !== 0) ?? 0;
    }
    const code = say(await Promise.race(ends));
    const observed = await observe(client, { ...project, services: {} }, compose.style);
    await runPlan(
      compose,
      planDown({
        project,
        observed,
        containers: observed.containers,
        timeout: undefined,
        volumes: false,
        resources: true,
        images: [],
      }),
    );
    return code;
  },
};
