import { type EngineClient, inspectContainer, waitContainer } from '@berth/client';
import { BerthError } from '@berth/kit';

/** Milliseconds between looks at a health state: soon at first, then less often. */
const FIRST_LOOK_MS = 25;
const LAST_LOOK_MS = 500;

interface Looked {
  Name: string;
  State: { Status: string; Running: boolean; ExitCode: number; Health?: { Status: string } };
}

/** Resolves when the container is healthy. Errors: conflict when it ends, is unhealthy, or has no health check. */
export async function waitHealthy(client: EngineClient, container: string, signal: AbortSignal): Promise<void> {
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.3, LAST_LOOK_MS)) {
    const { name, state } = await look(client, container);
    const health = state.Health?.Status;
    const failed = (why: string) => new BerthError('conflict', `dependency failed to start: container ${name} ${why}`);
    if (!state.Running && state.Status !== 'restarting') throw failed(`exited (${state.ExitCode})`);
    if (health === undefined || health === 'none') throw failed('has no healthcheck configured');
    if (health === 'healthy') return;
    if (health === 'unhealthy') throw failed('is unhealthy');
    await sleep(pause, signal);
  }
}

/** Resolves when the container has ended with code 0. Errors: conflict with any other code. */
export async function waitCompleted(
  client: EngineClient,
  container: string,
  service: string,
  signal: AbortSignal,
): Promise<void> {
  const { exited } = await waitContainer(client, container, 'not-running');
  const { StatusCode } = await abortable(exited, signal);
  if (StatusCode !== 0)
    throw new BerthError(
      'conflict',
      `service ${JSON.stringify(service)} didn't complete successfully: exit ${StatusCode}`,
    );
}

/**
 * For `up --wait`: resolves when the container runs, is healthy if it says so, or has ended with code 0 where
 * `mayEnd`. Errors: conflict.
 */
export async function waitUp(
  client: EngineClient,
  container: string,
  mayEnd: boolean,
  signal: AbortSignal,
): Promise<'Healthy' | 'Exited'> {
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.3, LAST_LOOK_MS)) {
    const { name, state } = await look(client, container);
    const health = state.Health?.Status;
    if (state.Running && (health === undefined || health === 'none' || health === 'healthy')) return 'Healthy';
    if (health === 'unhealthy' && state.Running) throw new BerthError('conflict', `container ${name} is unhealthy`);
    if (state.Status === 'exited' || state.Status === 'dead') {
      if (state.ExitCode === 0 && mayEnd) return 'Exited';
      throw new BerthError('conflict', `container ${name} exited (${state.ExitCode})`);
    }
    await sleep(pause, signal);
  }
}

async function look(client: EngineClient, container: string): Promise<{ name: string; state: Looked['State'] }> {
  const { Name, State } = (await inspectContainer(client, container)) as Looked;
  return { name: Name.replace(/^\//, ''), state: State };
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', abort, { once: true });
  });
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
