import { BerthError } from '@berth/kit';
import type {
  CommandForm,
  CommandInstruction,
  ExposeInstruction,
  HealthcheckInstruction,
  Instruction,
  TextInstruction,
  VolumeInstruction,
} from '../model.ts';
import type { ImageHealthcheck } from './config.ts';
import { goHealthcheck, goStrings } from './go-format.ts';
import { parsePorts } from './ports.ts';
import type { StageRun } from './run.ts';
import { isSignal } from './signals.ts';

/** CMD and ENTRYPOINT. An ENTRYPOINT drops the CMD of the base, not one of the same stage. */
export function performCommand(run: StageRun, { kind, command }: CommandInstruction): string {
  const { config } = run;
  const argv = command.form === 'exec' ? command.argv : [...run.shell, command.line];
  config.ArgsEscaped = true;
  if (kind === 'cmd') {
    config.Cmd = argv;
    run.cmdSet = true;
    return `CMD ${goStrings(argv)}`;
  }
  config.Entrypoint = argv.length === 0 ? null : argv;
  if (!run.cmdSet) config.Cmd = null;
  return `ENTRYPOINT ${goStrings(argv)}`;
}

/** The instructions that only write the configuration. */
export function performConfig(run: StageRun, instruction: Instruction): string {
  const { config } = run;
  switch (instruction.kind) {
    case 'expose':
      return performExpose(run, instruction);
    case 'volume':
      return performVolume(run, instruction);
    case 'shell':
      config.Shell = instruction.argv;
      return `SHELL [${instruction.argv.join(' ')}]`;
    case 'healthcheck':
      return performHealthcheck(run, instruction);
    case 'onbuild':
      config.OnBuild = [...(config.OnBuild ?? []), instruction.expression];
      return `ONBUILD ${instruction.expression}`;
    case 'user':
    case 'stopsignal':
    case 'maintainer':
      return performText(run, instruction);
    default:
      throw new BerthError('internal', `${instruction.kind.toUpperCase()} is no instruction of this kind`);
  }
}

function performText(run: StageRun, { kind, value }: TextInstruction): string {
  if (kind === 'maintainer') {
    run.author = value;
    return `MAINTAINER ${value}`;
  }
  const text = run.expand(value);
  if (kind === 'user') {
    run.config.User = text;
    return `USER ${text}`;
  }
  if (!isSignal(text)) throw new BerthError('invalid', `invalid signal: ${text}`);
  run.config.StopSignal = text;
  return `STOPSIGNAL ${text}`;
}

function performExpose(run: StageRun, instruction: ExposeInstruction): string {
  const words = instruction.ports.flatMap((port) => run.expansion(port).words).sort();
  const ports = parsePorts(words).map((port) => [port, {}] as const);
  run.config.ExposedPorts = { ...run.config.ExposedPorts, ...Object.fromEntries(ports) };
  return `EXPOSE ${words.join(' ')}`;
}

function performVolume(run: StageRun, instruction: VolumeInstruction): string {
  const paths = instruction.paths.map((path) => run.expand(path));
  if (paths.includes('')) throw new BerthError('invalid', 'VOLUME specified can not be an empty string');
  run.config.Volumes = Object.fromEntries([
    ...Object.entries(run.config.Volumes ?? {}),
    ...paths.map((path) => [path, {}] as const),
  ]);
  return `VOLUME [${paths.join(' ')}]`;
}

function performHealthcheck(run: StageRun, { check }: HealthcheckInstruction): string {
  const health: ImageHealthcheck = check === undefined ? { Test: ['NONE'] } : { Test: testOf(check.command) };
  if (check !== undefined) {
    if (check.interval !== 0) health.Interval = check.interval;
    if (check.timeout !== 0) health.Timeout = check.timeout;
    if (check.startPeriod !== 0) health.StartPeriod = check.startPeriod;
    if (check.startInterval !== 0) health.StartInterval = check.startInterval;
    if (check.retries !== 0) health.Retries = check.retries;
  }
  run.config.Healthcheck = health;
  return `HEALTHCHECK ${goHealthcheck(health)}`;
}

function testOf(command: CommandForm): string[] {
  return command.form === 'exec' ? ['CMD', ...command.argv] : ['CMD-SHELL', command.line];
}
