import { BerthError } from '@berth/kit';
import { type Context, inBackground } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { isActive } from '../stop.ts';
import type { BegunJob } from './file-access.ts';
import { type OpenView, openView } from './open-view.ts';

/** A job on a container's files, begun by `begin`, and when the container may be started meanwhile. */
export interface ViewUse<T> {
  open: (context: Context, record: ContainerRecord) => Promise<OpenView>;
  begin: (open: OpenView, record: ContainerRecord) => BegunJob;
  /** What comes of it. A container that does not run is kept from starting until it settles. */
  result: (job: BegunJob) => Promise<T>;
}

const END_SEEN_MS = 5000;

/**
 * Looks into a container: into a running one at once, into one that does not run while it is kept from starting, as with
 * Docker. Errors: what `begin` and the job give; conflict when it starts and ends all the time.
 */
export async function inView<T>(context: Context, name: string, use: ViewUse<T>): Promise<T> {
  const { id } = context.store.resolve(name);
  for (let tries = 0; tries < 3; tries++) {
    const record = context.store.resolve(id);
    const done = isActive(record)
      ? await ofRunning(context, record, use)
      : await context.lock.run(id, async () => {
          const now = context.store.resolve(id);
          if (isActive(now)) return undefined;
          await context.live.of(id).released;
          return { value: await used(context, now, use) };
        });
    if (done) return done.value;
  }
  throw new BerthError('conflict', `container ${id} starts and ends all the time: try again`);
}

/** Undefined when its end came in between: it is recorded then. */
async function ofRunning<T>(
  context: Context,
  record: ContainerRecord,
  use: ViewUse<T>,
): Promise<{ value: T } | undefined> {
  const late = AbortSignal.timeout(END_SEEN_MS);
  const exit = context.live.of(record.id).nextExit(late);
  exit.catch(() => undefined);
  try {
    return { value: await used(context, record, use) };
  } catch (error) {
    if (!(error instanceof BerthError) || error.details?.['ended'] !== true) throw error;
    await exit.catch(() => undefined);
    return undefined;
  }
}

async function used<T>(context: Context, record: ContainerRecord, use: ViewUse<T>): Promise<T> {
  const open = await use.open(context, record);
  let job: BegunJob | undefined;
  try {
    job = use.begin(open, record);
    return await use.result(job);
  } finally {
    const left = job?.left ?? Promise.resolve();
    inBackground(context, `let go of the files of container ${record.id}`, () =>
      left.then(() => open[Symbol.asyncDispose]()),
    );
  }
}

export { openView };

/** Docker names the container where a file is not found. */
export function withContainer(error: unknown, name: string): unknown {
  if (!(error instanceof BerthError) || error.code !== 'not-found') return error;
  return new BerthError('not-found', `${error.message} in container ${name}`, { cause: error });
}
