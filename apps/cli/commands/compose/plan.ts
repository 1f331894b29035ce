import { type Plain, type Project, type Reason, sourceOfField } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { FlagSpec } from '../../command.ts';
import { type ComposeCommand, openProject } from './compose.ts';
import { type Converge, converge, readWishes } from './converge.ts';
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
    const wished = await converge(compose, project, {
      ...readWishes(compose, parsed, (flag) => has.has(flag)),
      images: undefined,
    });
    const format = flags.string('format');
    if (format === 'json') compose.context.out.write(`${JSON.stringify(planJson(wished), null, 2)}\n`);
    else if (format === 'text') compose.context.out.write(planText(wished, flags.bool('operations')));
    else throw new CliError(`unsupported format ${JSON.stringify(format)}; accepted are text and json`);
    return 0;
  },
};

interface Entry {
  kind: 'network' | 'volume' | 'container' | 'orphan';
  name: string;
  service?: string;
  action: string;
  reasons: { field: string; from?: Plain; to?: Plain; note?: string; source?: string }[];
}

function entries({ decisions, project }: Converge): Entry[] {
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
      ({ name, service, action, reasons }): Entry => ({
        kind: 'container',
        name,
        service,
        action,
        reasons: plainReasons(reasons, service),
      }),
    ),
  ];
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

function planJson(wished: Converge): object {
  return {
    project: wished.project.name,
    changes: entries(wished).filter(({ action }) => action !== 'keep').length,
    entries: entries(wished),
    operations: wished.operations.map(({ id, kind, subject, needs }) => ({ id, kind, subject, needs })),
  };
}

const MARKS: Record<string, string> = { create: '+', replace: '±', start: '>', restart: '>', remove: '-', keep: ' ' };

function planText(wished: Converge, withOperations: boolean): string {
  const all = entries(wished);
  const lines: string[] = [];
  for (const { kind, name, action, reasons } of all) {
    lines.push(`${MARKS[action] ?? ' '} ${action.padEnd(7)} ${kind} ${name}`);
    for (const reason of reasons) lines.push(`            ${reasonText(reason)}`);
  }
  if (withOperations) {
    lines.push('', 'Calls of the engine:');
    for (const { id, kind, needs } of wished.operations)
      lines.push(`  ${kind} ${id}${needs.length ? `  after ${needs.join(', ')}` : ''}`);
  }
  const changes = all.filter(({ action }) => action !== 'keep').length;
  lines.push(
    '',
    changes
      ? `${changes} ${changes === 1 ? 'change' : 'changes'}, ${wished.operations.length} ${wished.operations.length === 1 ? 'call' : 'calls'} of the engine.`
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
