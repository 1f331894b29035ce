import type { ArgInstruction, BuildPlan, Stage } from '@berth/dockerfile';

/** `--call=outline` of the target: its arguments, secrets and agents, as rows with tabs. */
export function outline(plan: BuildPlan): string {
  const { target, order, globalArgs } = plan;
  const description = descriptionOf(target.from.comments, target.name);
  const head = [`TARGET:\t${target.name ?? 'default'}`, ...(description ? [`DESCRIPTION:\t${description}`] : [])];
  const args = [
    ...globalArgs,
    ...order.flatMap(({ instructions }) => instructions.filter((one) => one.kind === 'arg')),
  ];
  const rows = new Map(args.flatMap((arg) => argRows(plan, arg)));
  const mounts = order.flatMap(({ instructions }) =>
    instructions.flatMap((one) => (one.kind === 'run' ? one.mounts : [])),
  );
  const secrets = mounts.filter(({ text }) => /(?:^|,)type=secret(?:,|$)/.test(text));
  const agents = mounts.filter(({ text }) => /(?:^|,)type=ssh(?:,|$)/.test(text));
  return [
    ...head,
    ...table(['BUILD ARG', 'VALUE', 'DESCRIPTION'], [...rows.values()]),
    ...table(['SECRET', 'REQUIRED'], mountRows(secrets)),
    ...table(['SSH', 'REQUIRED'], mountRows(agents)),
  ].join('\n');
}

/** `--call=targets`: the stages with what is said of them. */
export function targets({ stages, target }: BuildPlan): string {
  const rows = stages.map((stage) => {
    const name = (stage.name ?? '') + (stage.index === target.index ? ' (default)' : '');
    return [name.trim(), descriptionOf(stage.from.comments, stage.name)];
  });
  return [['TARGET', 'DESCRIPTION'], ...rows].map((row) => row.join('\t')).join('\n');
}

function argRows({ wish, globals }: BuildPlan, { args, comments }: ArgInstruction): [string, string[]][] {
  return args.map(({ name, value }) => [
    name,
    [name, wish.buildArgs?.[name] ?? value ?? globals.get(name) ?? '', descriptionOf(comments, name)],
  ]);
}

function mountRows(mounts: readonly { text: string }[]): string[][] {
  const rows = mounts.map(({ text }): [string, string[]] => {
    const field = (key: string) => new RegExp(`(?:^|,)${key}=([^,]*)`).exec(text)?.[1];
    const target = field('target') ?? field('dst') ?? '';
    const id = field('id') ?? (target === '' ? 'default' : target.slice(target.lastIndexOf('/') + 1));
    const isRequired = /(?:^|,)required(?:=true|=1)?(?:,|$)/.test(text);
    return [id, [id, isRequired ? 'true' : '']];
  });
  return [...new Map(rows).values()];
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : ['', heading.join('\t'), ...rows.map((row) => row.join('\t'))];
}

/** A comment directly above that begins with the name. */
function descriptionOf(comments: Stage['from']['comments'], name: string | undefined): string {
  const found = comments.find((comment) => name !== undefined && comment.trim().startsWith(`${name} `));
  return found?.trim().slice((name?.length ?? 0) + 1) ?? '';
}
