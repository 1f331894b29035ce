import type { ChildProcess } from 'node:child_process';

/** What a server says when it is ready. */
export interface Listening {
  /** For messages. */
  name: string;
  /** All that it said so far. */
  output: () => string;
  /** The first group is the address. */
  ready: RegExp;
  timeoutMs: number;
}

/** Resolves to the address of a server that was started. Errors: with its output, when it ends or is not ready in time. */
export function listening(child: ChildProcess, { name, output, ready, timeoutMs }: Listening): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${name} ${why}:\n${output()}`));
    const timer = setTimeout(() => fail('does not listen'), timeoutMs);
    const look = () => {
      const found = ready.exec(output())?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
  });
}
