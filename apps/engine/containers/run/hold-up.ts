import { watchProcess } from '../../linux/pidfd.ts';
import type { Context } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { connectMonitor } from './monitor-connection.ts';
import { holdUp, letGo } from './monitor-output.ts';

/**
 * Makes a program wait when it writes: its monitor is given a client that does not read. It goes on when that is taken
 * back, when the program has ended, or when this engine has. Returns how to take it back; undefined when it does not run.
 */
export function holdProgram(context: Context, record: ContainerRecord): (() => void) | undefined {
  if (record.state.status !== 'running') return undefined;
  const socket = connectMonitor(context, record.id);
  if (!socket) return undefined;
  const owner = {};
  holdUp(socket, owner);
  const release = () => letGo(socket, owner);
  try {
    // The monitor of a program that has ended must not wait for us.
    const watch = watchProcess(record.state.pid, release);
    return () => {
      watch.close();
      release();
    };
  } catch {
    release(); // ESRCH
    return undefined;
  }
}
