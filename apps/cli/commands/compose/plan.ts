import { type Operation, type Plain, type Project, type Reason, sourceOfField } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { FlagSpec } from '../../command.ts';
import { type ComposeCommand, openProject } from './compose.ts';
import { type Converge, type ConvergeWishes, converge, readWishes } from './converge.ts';
import { FLAGS as UP } from './flags/up.ts';

/** Those of `up` that change what is done; the rest is about how it is shown. */
const SHARED = [
  'always-recreate-deps',
  'force-recreate',
  'no-deps',
  'no-recreate',
  'no-start',
  'remove-orphans',
  'renew-anon-volumes',
  'scale',
  'timeout',
  'yes',
];

const FORMAT: FlagSpec = {
  long: 'format',
  type: 'string',
  default: 'text',
  help: 'Format the output. Values: [text | json]',
};
const OPERATIONS: FlagSpec = {
  long: 'operations',
  type: 'bool',
  help: 'Print each call of the engine, with what it waits for',
};
const PULL: FlagSpec = {
  long: 'pull',
  type: 'string',
  hidden: true,
  help: 'Taken as up takes it; images are left as they are',
};

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  description: `Show what up would do, and why

For each network, volume and container: what is done with it, the fields in
which it differs from what is there, and where each new value comes from
(file and line, environment, default). Nothing is changed and no image is
pulled or built.`,
  flags: [...UP.filter(({ long }) => SHARED.includes(long)), FORMAT, OPERATIONS, PULL],
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, parsed) {
    const { flags, args } = parsed;
    const project = openProject(compose, args);
    const has = new Set(SHARED);
    const wishes = readWishes(compose, parsed, (flag) => has.has(flag));
    const plan = { ...(await converge(compose, project, { ...wishes, images: undefined })), ...wishes };
    const format = flags.string('format');
    if (format === 'json') compose.context.out.write(`${JSON.stringify(planJson(plan), null, 2)}\n`);
    else if (format === 'text') compose.context.out.write(planText(plan, flags.bool('operations')));
    else throw new CliError(`unsupported format ${JSON.stringify(format)}; accepted are text and json`);
    return 0;
  },
};

/** What is going to be done, and how. */
type Plan = Converge & Pick<ConvergeWishes, 'renewVolumes'>;

interface Entry {
  kind: 'network' | 'volume' | 'container' | 'orphan';
  name: string;
  service?: string;
  action: string;
  reasons: { field: string; from?: Plain; to?: Plain; note?: string; source?: string }[];
}

function entries({ decisions, project, renewVolumes }: Plan): Entry[] {
  const plainReasons = (reasons: readonly Reason[], service?: string) =>
    reasons.map((reason) => withSource(reason, project, service));
  return [
    ...decisions.orphans.map(
      ({ seen, remove }): Entry => ({
        kind: 'orphan',
        name: seen.name,
        service: seen.service,
        action: remove ? 'remove' : 'keep',
        reasons: [{ field: '', note: 'its service is in none of the files' }],
      }),
    ),
    ...decisions.networks.map(
      ({ network, action, reasons }): Entry => ({
        kind: 'network',
        name: network.name,
        action,
        reasons: plainReasons(reasons),
      }),
    ),
    ...decisions.volumes.map(
      ({ volume, action, reasons }): Entry => ({
        kind: 'volume',
        name: volume.name,
        action,
        reasons: plainReasons(reasons),
      }),
    ),
    ...decisions.containers.map(
      ({ name, service, action, reasons, seen }): Entry => ({
        kind: 'container',
        name,
        service,
        action,
        reasons: [
          ...plainReasons(reasons, service),
          ...(action === 'replace' && renewVolumes ? renewed([...(seen?.anonymous.keys() ?? [])]) : []),
        ],
      }),
    ),
  ];
}

/** A container that is made anew takes its volumes without a name over, but not with `--renew-anon-volumes`. */
function renewed(paths: readonly string[]): Entry['reasons'] {
  return paths.map((path) => ({ field: '', note: `the volume without a name at ${path} is made anew as well` }));
}

function withSource(
  { field, from, to, note }: Reason,
  project: Project,
  service: string | undefined,
): Entry['reasons'][number] {
  const source = service === undefined || field === '' ? undefined : sourceOfField(project, service, field);
  return {
    field,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(note !== undefined && { note }),
    ...(source !== undefined && { source }),
  };
}

function planJson(plan: Plan): object {
  const all = entries(plan);
  return {
    project: plan.project.name,
    changes: all.filter(({ action }) => action !== 'keep').length,
    entries: all,
    operations: plan.operations.map((operation) => {
      const { id, kind, subject, needs } = operation;
      const timeout = timeoutOf(operation);
      return { id, kind, subject, needs, ...(timeout !== undefined && { timeout }) };
    }),
  };
}

/** Seconds that a container is given to stop, where that is said. */
function timeoutOf(operation: Operation): number | undefined {
  return 'timeout' in operation ? operation.timeout : undefined;
}

const MARKS: Record<string, string> = { create: '+', replace: '±', start: '>', restart: '>', remove: '-', keep: ' ' };

function planText(plan: Plan, withOperations: boolean): string {
  const all = entries(plan);
  const lines: string[] = [];
  for (const { kind, name, action, reasons } of all) {
    lines.push(`${MARKS[action] ?? ' '} ${action.padEnd(7)} ${kind} ${name}`);
    for (const reason of reasons) lines.push(`            ${reasonText(reason)}`);
  }
  if (withOperations) {
    lines.push('', 'Calls of the engine:');
    for (const operation of plan.operations) {
      const { id, kind, needs } = operation;
      const timeout = timeoutOf(operation);
      const within = timeout === undefined ? '' : ` within ${timeout} s`;
      lines.push(`  ${kind} ${id}${within}${needs.length ? `  after ${needs.join(', ')}` : ''}`);
    }
  }
  const changes = all.filter(({ action }) => action !== 'keep').length;
  lines.push(
    '',
    changes
      ? `${changes} ${changes === 1 ? 'change' : 'changes'}, ${plan.operations.length} ${plan.operations.length === 1 ? 'call' : 'calls'} of the engine.`
      : 'Nothing to do: what is there is what is wished.',
  );
  return `${lines.join('\n')}\n`;
}

function reasonText({ field, from, to, note, source }: Entry['reasons'][number]): string {
  const change =
    from === undefined && to === undefined
      ? ''
      : to === undefined
        ? `${shown(from)} is gone`
        : from === undefined
          ? `${shown(to)} is new`
          : `${shown(from)} → ${shown(to)}`;
  const text = [change, note].filter(Boolean).join('; ');
  return `${field ? `${field}: ` : ''}${text}${source ? `  (${source})` : ''}`;
}

function shown(value: Plain | undefined): string {
  return JSON.stringify(value ?? null);
}
