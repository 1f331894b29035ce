import { Gate, isBerthError } from '@berth/kit';
import { type Context, inBackground } from './context.ts';
import type { ContainerRecord, Ended } from './model.ts';
import { startLocked } from './start.ts';
import { isActive } from './stop.ts';

/** Docker's back-off: it doubles from 100 ms to one minute and begins anew after a run of 10 seconds. */
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 60_000;
const SETTLED_MS = 10_000;
/** Starts by policy that are under way at a time: an engine that comes back may have a thousand to do. */
const AT_A_TIME = 8;
const gate = new Gate(AT_A_TIME);

/** Whether the policy asks for another run after one that ended with this code. */
export function shouldRestart(record: ContainerRecord, exitCode: number): boolean {
  if (record.stoppedByUser) return false;
  const { Name, MaximumRetryCount } = record.spec.hostConfig.RestartPolicy;
  if (Name === 'always' || Name === 'unless-stopped') return true;
  if (Name !== 'on-failure' || exitCode === 0) return false;
  return MaximumRetryCount === 0 || record.restartCount < MaximumRetryCount;
}

/** Whether the policy asks for a run when the engine starts. */
export function shouldStartWithEngine(record: ContainerRecord, exitCode: number): boolean {
  const { Name } = record.spec.hostConfig.RestartPolicy;
  if (Name === 'always') return record.state.status !== 'created';
  return record.state.status !== 'created' && shouldRestart(record, exitCode);
}

/** Forgets earlier restarts by policy: a start by a user begins anew. The caller holds the container's lock. */
export function beginAnew(context: Context, id: string): void {
  const record = context.store.get(id);
  if (!record || isActive(record)) return;
  if (record.restartCount > 0 || record.restartDelay)
    context.store.save({ ...record, restartCount: 0, restartDelay: 0 });
}

/** A container whose run has ended and that is to run again after its delay; its record says when. */
export function awaitingRestart(record: ContainerRecord, ended: Ended): ContainerRecord {
  const settled = ended.finishedAt - ended.startedAt >= SETTLED_MS;
  const before = record.restartDelay ?? 0;
  const restartDelay = settled || before === 0 ? FIRST_DELAY_MS : Math.min(before * 2, MAX_DELAY_MS);
  return {
    ...record,
    restartCount: record.restartCount + 1,
    restartDelay,
    state: { ...ended, status: 'restarting', restartAt: Date.now() + restartDelay },
  };
}

/** The same when an engine starts: at once, and counted anew, as after a start by a user. */
export function awaitingEngine(record: ContainerRecord, ended: Ended): ContainerRecord {
  const { startedAt, finishedAt, exitCode, oomKilled, error } = ended;
  return {
    ...record,
    restartCount: 0,
    restartDelay: 0,
    state: { startedAt, finishedAt, exitCode, oomKilled, error, status: 'restarting', restartAt: Date.now() },
  };
}

/** Starts a container that is marked for it when its time has come; before the engine serves, `resume` does so. */
export function armRestart(context: Context, id: string): void {
  const record = context.store.get(id);
  if (record?.state.status !== 'restarting' || !context.serving || context.closing) return;
  const live = context.live.of(id);
  clearTimeout(live.restartTimer);
  live.restartTimer = setTimeout(
    () => {
      inBackground(context, `restart container ${id} by its policy`, async () => {
        const leave = await gate.enter();
        try {
          await context.lock.run(id, () => restartNow(context, id));
        } finally {
          leave();
        }
      });
    },
    Math.max(0, record.state.restartAt - Date.now()),
  );
}

/** As with Docker, one that cannot be started stays exited with the reason: policies are for programs that ran. */
async function restartNow(context: Context, id: string): Promise<void> {
  const record = context.store.get(id);
  if (record?.state.status !== 'restarting' || context.closing) return;
  try {
    await startLocked(context, id);
  } catch (error) {
    if (isBerthError(error, 'not-modified')) return;
    context.log.warn('cannot restart a container by its policy', { container: id, error });
  }
}
