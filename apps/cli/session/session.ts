import type { HijackedStream } from '@berth/client';
import type { Context } from '../context.ts';
import { enterRawMode } from '../terminal/raw-mode.ts';
import { DetachFilter, parseDetachKeys } from './detach-keys.ts';
import { containerOutput } from './output.ts';
import { openStdin, type StdinReader } from './stdin.ts';

export interface SessionOptions {
  stream: HijackedStream;
  /** The process has a terminal of its own. */
  tty: boolean;
  /** Send our stdin. */
  stdin: boolean;
  /** Show what it prints; false waits for nothing and only sends. */
  output: boolean;
  /** '' is ctrl-p,ctrl-q. */
  detachKeys: string;
}

/** How a session ended: the process closed its output, or the user left with the detach keys. */
export type SessionEnd = 'ended' | 'detached';

/** A running session. */
export interface Session {
  end: Promise<SessionEnd>;
  /** Lets go of everything and puts the terminal back; may be called more than once. */
  close(): void;
}

/**
 * Connects our streams with a process: stdin until its end (then a half-close), output until the process closes it.
 * With a terminal on both sides the local one is raw, and detach keys are looked for.
 */
export async function openSession(context: Context, options: SessionOptions): Promise<Session> {
  const { stream, tty, stdin } = options;
  const keys = parseDetachKeys(options.detachKeys);
  const restore = tty && stdin && context.in.isTerminal ? await enterRawMode(context.in.fd) : () => {};
  let reader: StdinReader | undefined;
  const close = () => {
    reader?.close();
    stream.destroy();
    restore();
  };
  const received = stream.receive(options.output ? containerOutput(context, tty) : () => {});
  const ended = received.then((): SessionEnd => 'ended');
  if (!stdin) return { end: ended.finally(close), close };
  reader = await openStdin();
  const detached = send(reader, stream, tty ? new DetachFilter(keys) : undefined);
  const end = Promise.race([
    ended,
    detached.then((yes): SessionEnd | Promise<SessionEnd> => (yes ? 'detached' : ended)),
  ]);
  return { end: end.finally(close), close };
}

/** Sends stdin to its end; resolves to true when the detach keys came. */
async function send(reader: StdinReader, stream: HijackedStream, filter: DetachFilter | undefined): Promise<boolean> {
  let left = false;
  await reader.pump(async (chunk) => {
    if (!filter) return stream.send(chunk);
    const { data, detached } = filter.push(chunk);
    if (data.length) await stream.send(data);
    if (!detached) return;
    left = true;
    reader.close();
  });
  if (!left) stream.closeWrite();
  return left;
}
