import { BerthError } from '@berth/kit';
import { resolveMount } from '../instructions/mount.ts';
import { heredocText, parseHeredocWord } from '../lex/heredoc.ts';
import type { RunInstruction } from '../model.ts';
import { PROXY_ARGS } from './arguments.ts';
import { rootOf, stagesUsedBy } from './graph.ts';
import type { ResolvedMount, Root, RunOperation } from './operations.ts';
import { joinPath } from './paths.ts';
import { placed } from './plan.ts';
import type { StageRun } from './run.ts';

/** Folder of scripts that a step brings along. */
const SCRIPTS = '/dev/pipes';

export function performRun(run: StageRun, instruction: RunInstruction, index: number): RunOperation {
  stagesUsedBy(run.plan, run.stage, instruction);
  const { argv, script } = commandOf(run, instruction);
  const args = [...run.args].flatMap(([name, value]) => {
    const seen = run.env.get(name) ?? value;
    return seen === undefined ? [] : [{ name, value: seen }];
  });
  const declared = [...run.args].map(([name, value]) => `${name}=${run.env.get(name) ?? value ?? ''}`);
  const history = declared.length === 0 ? argv : [`|${declared.length}`, ...declared, ...argv];
  const hidden = new Set(run.env.keys());
  return {
    kind: 'run',
    argv,
    script,
    mounts: instruction.mounts.map((flag) =>
      placed({ source: instruction.source, span: flag.span }, () => mountOf(run, flag.text)),
    ),
    network: instruction.network ?? 'default',
    security: instruction.security ?? 'sandbox',
    devices: instruction.devices,
    environment: [
      ...(run.config.Env ?? []),
      ...args.filter(({ name }) => !hidden.has(name)).map(({ name, value }) => `${name}=${value}`),
    ],
    args,
    proxies: proxiesOf(run),
    workdir: joinPath('/', run.config.WorkingDir ?? ''),
    user: run.config.User ?? '',
    ...run.step(instruction, index, `RUN ${history.join(' ')}`),
  };
}

function commandOf(run: StageRun, { command, heredocs }: RunInstruction): Pick<RunOperation, 'argv' | 'script'> {
  if (command.form === 'exec') return { argv: command.argv, script: undefined };
  const [first] = heredocs;
  if (first === undefined) return { argv: [...run.shell, command.line], script: undefined };
  if (parseHeredocWord(command.line) === undefined) {
    const bodies = heredocs.map(({ body, name }) => `\n${body}${name}`);
    return { argv: [...run.shell, command.line + bodies.join('')], script: undefined };
  }
  const text = heredocText(first);
  if (!text.startsWith('#!')) return { argv: [...run.shell, text], script: undefined };
  if (!/^[^/\0]+$/.test(first.name) || first.name === '.' || first.name === '..') {
    throw new BerthError('invalid', `heredoc name ${JSON.stringify(first.name)} is no file name`);
  }
  const path = `${SCRIPTS}/${first.name}`;
  return { argv: [path], script: { path, text } };
}

function mountOf(run: StageRun, text: string): ResolvedMount {
  const variables = (name: string) => {
    const value = run.variable(name);
    if (value === undefined) run.missing.add(name);
    return value;
  };
  const mount = resolveMount(text, variables, run.plan.dockerfile.escape);
  const target = mount.target === undefined ? undefined : joinPath(run.config.WorkingDir, mount.target);
  if (target === '/' && mount.type !== 'secret' && mount.type !== 'ssh') {
    throw new BerthError('invalid', 'invalid mount target "/"');
  }
  return { ...mount, target, root: rootOfMount(run, mount) };
}

function rootOfMount(run: StageRun, { type, from }: Pick<ResolvedMount, 'type' | 'from'>): Root | undefined {
  if (type === 'tmpfs' || type === 'secret' || type === 'ssh') return undefined;
  if (from === undefined) return type === 'bind' ? { kind: 'context' } : undefined;
  return rootOf(run.plan, from, (message) => {
    throw new BerthError('invalid', message);
  });
}

/** Proxies of the request that nobody declared, under both spellings as Docker sets them. */
function proxiesOf(run: StageRun): string[] {
  const { buildArgs = {} } = run.plan.wish;
  const values = new Map<string, string>();
  for (const name of PROXY_ARGS) {
    const value = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
    if (value === undefined || value === '') continue;
    for (const spelling of [name.toUpperCase(), name.toLowerCase()]) {
      if (Object.hasOwn(buildArgs, spelling) && spelling !== name) continue;
      values.set(spelling, value);
    }
  }
  return [...values].filter(([name]) => run.variable(name) === undefined).map(([name, value]) => `${name}=${value}`);
}
