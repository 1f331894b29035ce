import { containerSubject, dependentsOf, type Operation } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/restart.ts';
import { runPlan } from './run-plan.ts';
import { selectContainers } from './select.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const { project, containers, all } = await selectContainers(compose, args, { declared: true });
    if (containers.length === 0)
      throw new CliError(
        compose.classic
          ? 'ERROR: No containers to restart'
          : `no container found for project ${JSON.stringify(project.name)}`,
      );
    const timeout = flags.changed('timeout') ? flags.number('timeout') : undefined;
    const further = flags.bool('no-deps') || args.length === 0 ? [] : dependentsOf(project, args);
    const meant = [
      ...containers,
      ...all.filter(({ service, oneOff }) => !oneOff && further.includes(service) && !args.includes(service)),
    ];
    const operations = meant.map(
      (seen): Operation => ({
        id: `restart:${seen.id}`,
        kind: 'restart-container',
        needs: meant
          .filter(({ service }) => Object.keys(project.services[seen.service]?.depends_on ?? {}).includes(service))
          .map(({ id }) => `restart:${id}`),
        subject: containerSubject(seen.name),
        words: ['Restarting', 'Started'],
        reasons: [],
        container: seen.id,
        timeout,
      }),
    );
    await runPlan(compose, operations);
    return 0;
  },
};
