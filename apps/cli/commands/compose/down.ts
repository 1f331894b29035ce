import { imageName, isOrphan, observe, type Project, planDown, type SeenContainer } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import { type Compose, type ComposeCommand, projectOrName, warn } from './compose.ts';
import { wantsNoOrphans } from './converge.ts';
import { FLAGS } from './flags/down.ts';
import { runPlan } from './run-plan.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICES]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const rmi = flags.string('rmi');
    if (rmi && rmi !== 'local' && rmi !== 'all')
      throw new CliError(`invalid value for --rmi: ${JSON.stringify(rmi)}; accepted are "local" and "all"`);
    const project = projectOrName(compose, args);
    const observed = await observe(compose.context.client, project, compose.style);
    const isNameOnly = project.files.length === 0;
    const removeOrphans = wantsNoOrphans(compose, flags);
    const isGoing = (seen: SeenContainer) =>
      args.length ? args.includes(seen.service) : isNameOnly || !isOrphanFor(project, seen) || removeOrphans;
    const operations = planDown({
      project,
      observed,
      containers: observed.containers.filter(isGoing),
      timeout: flags.changed('timeout') ? flags.number('timeout') : undefined,
      volumes: flags.bool('volumes'),
      resources: args.length === 0,
      stopFirst: compose.classic,
      images: rmi ? imagesOf(compose, project, rmi, args) : [],
    });
    if (operations.length === 0) warnNothing(compose, project);
    await runPlan(compose, operations);
    return 0;
  },
};

/** One-off containers of the project go as well; containers of services in no file stay. */
function isOrphanFor(project: Project, seen: SeenContainer): boolean {
  if (seen.oneOff && (project.services[seen.service] || project.disabled[seen.service])) return false;
  return (
    isOrphan(project, { ...seen, oneOff: false }) || !(project.services[seen.service] || project.disabled[seen.service])
  );
}

function imagesOf({ style }: Compose, project: Project, which: string, services: readonly string[]): string[] {
  const all = Object.entries(project.services).filter(([name]) => services.length === 0 || services.includes(name));
  return [
    ...new Set(
      all
        .filter(([, service]) => which === 'all' || service.image === undefined)
        .map(([name, service]) => imageName(project, name, service, style)),
    ),
  ];
}

function warnNothing(compose: Compose, project: Project): void {
  if (compose.classic) {
    for (const { name } of Object.values(project.networks))
      compose.context.err.write(`Removing network ${name}\nWARNING: Network ${name} not found.\n`);
    return;
  }
  warn(compose, `No resource found to remove for project ${JSON.stringify(project.name)}.`);
}
