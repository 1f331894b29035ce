import { isBerthError } from '@berth/kit';
import { type Context, inBackground } from './context.ts';
import type { ContainerRecord, Ended } from './model.ts';
import { startLocked } from './start.ts';
import { isActive } from './stop.ts';

/** Docker's back-off: it doubles from 100 ms to one minute and begins anew after a run of 10 seconds. */
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 60_000;
const SETTLED_MS = 10_000;

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
  context.live.of(id).restartDelay = 0;
  if (record.restartCount > 0) context.store.save({ ...record, restartCount: 0 });
}

/**
 * Marks a container as restarting and starts it after its delay. `count`: how often it was restarted then. The caller
 * holds the container's lock.
 */
export function restartLater(
  context: Context,
  record: ContainerRecord,
  ended: Ended,
  count = record.restartCount + 1,
): void {
  const live = context.live.of(record.id);
  const settled = ended.finishedAt - ended.startedAt >= SETTLED_MS;
  live.restartDelay =
    settled || live.restartDelay === 0 ? FIRST_DELAY_MS : Math.min(live.restartDelay * 2, MAX_DELAY_MS);
  const restartAt = Date.now() + live.restartDelay;
  context.store.save({
    ...record,
    restartCount: count,
    state: { ...ended, status: 'restarting', restartAt },
  });
  live.restartTimer = setTimeout(() => {
    inBackground(context, `restart container ${record.id} by its policy`, () =>
      context.lock.run(record.id, () => restartNow(context, record.id)),
    );
  }, live.restartDelay);
}

/** A container that cannot be started by policy stays exited with the reason, and is tried again as the policy says. */
async function restartNow(context: Context, id: string): Promise<void> {
  const record = context.store.get(id);
  if (record?.state.status !== 'restarting' || context.closing) return;
  try {
    await startLocked(context, id);
  } catch (error) {
    if (isBerthError(error, 'not-modified')) return;
    context.log.warn('cannot restart a container by its policy', { container: id, error });
    const failed = context.store.get(id);
    if (failed?.state.status === 'exited' && shouldRestart(failed, failed.state.exitCode))
      restartLater(context, failed, failed.state);
  }
}
