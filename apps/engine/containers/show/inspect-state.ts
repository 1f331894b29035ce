import type { Health } from '../health/index.ts';
import type { ContainerState } from '../model.ts';
import { timeText } from './inspect-time.ts';

/** Docker's State; Health is there when the container was ever checked. */
export function inspectState(state: ContainerState, health: Health | undefined) {
  const { status } = state;
  const runs = status === 'running' || status === 'paused';
  const ended = 'oomKilled' in state ? state : undefined;
  return {
    Status: status,
    // Clients take a container between two runs for a running one, as Docker says it.
    Running: runs || status === 'restarting',
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: ended?.oomKilled ?? false,
    Dead: status === 'dead',
    Pid: runs ? state.pid : 0,
    ExitCode: 'exitCode' in state ? state.exitCode : 0,
    Error: 'error' in state ? state.error : '',
    StartedAt: timeText('startedAt' in state ? state.startedAt : 0),
    FinishedAt: timeText('finishedAt' in state ? state.finishedAt : 0),
    ...(health && { Health: inspectHealth(health) }),
  };
}

function inspectHealth({ status, failingStreak, log }: Health) {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ start, end, exitCode, output }) => ({
      Start: timeText(start),
      End: timeText(end),
      ExitCode: exitCode,
      Output: output,
    })),
  };
}
