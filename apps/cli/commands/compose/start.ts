import { type Decisions, decide, manyNetworks, observe, planUp, withDependencies } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import { type Compose, type ComposeCommand, projectOrName } from './compose.ts';
import { FLAGS } from './flags/start.ts';
import { runPlan } from './run-plan.ts';
import { waitForAll, waitSeconds } from './up.ts';

export const command: ComposeCommand = {
  usage: '[SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, parsed) {
    const decisions = await startPresent(compose, parsed.args);
    if (parsed.flags.bool('wait') && !compose.dryRun) await waitForAll(compose, decisions, waitSeconds(parsed));
    return 0;
  },
};

/** Starts containers that are there, in the order of their dependencies; makes none. */
async function startPresent(compose: Compose, named: readonly string[]) {
  const { client } = compose.context;
  const project = projectOrName(compose, named);
  const observed = await observe(client, { ...project, services: {} }, compose.style);
  const services = project.files.length
    ? withDependencies(project, named, true)
    : [...new Set(observed.containers.map(({ service }) => service))];
  const all = decide(project, observed, {
    style: compose.style,
    services,
    named: new Set(),
    recreate: 'never',
    recreateDependencies: 'never',
    scale: new Map(
      services.map((name) => [
        name,
        observed.containers.filter((seen) => seen.service === name && !seen.oneOff).length,
      ]),
    ),
    removeOrphans: false,
    replaceVolumes: false,
  });
  const decisions: Decisions = {
    networks: [],
    volumes: [],
    orphans: [],
    containers: all.containers.filter(({ action }) => action === 'start' || action === 'keep'),
  };
  for (const name of named)
    if (!decisions.containers.some(({ service }) => service === name))
      throw new CliError(`service ${JSON.stringify(name)} has no container to start`);
  const operations = planUp(decisions, {
    project,
    observed,
    style: compose.style,
    manyNetworks: manyNetworks(client.apiVersion),
    renewVolumes: false,
    timeout: undefined,
    start: true,
  });
  await runPlan(compose, operations);
  return { project, decisions };
}
