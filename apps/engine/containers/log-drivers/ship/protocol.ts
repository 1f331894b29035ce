import type { RemoteOptions } from '../remote-options.ts';

/** What a log server is told about the container that a line is of. */
export interface Sender {
  id: string;
  name: string;
  imageId: string;
  imageName: string;
  /** The program with its arguments. */
  command: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** What the tag template gave. */
  tag: string;
  /** Chosen labels and variables. */
  attributes: [name: string, value: string][];
  /** Of this machine, and the engine's process id. */
  hostname: string;
  pid: number;
}

export interface ShipRequest {
  id: string;
  /** The live file of the container's log. */
  log: string;
  options: RemoteOptions;
  sender: Sender;
  /** Bytes that wait at most while the server does not keep up; undefined: nothing is dropped. */
  maxWaiting: number | undefined;
}

export type ToShipper =
  /** Begin; with `connect` only once the server was reached. Answered by `opened`. */
  | ({ kind: 'open'; connect: boolean } & ShipRequest)
  /** The run has ended and its log is complete: send the rest. Answered by `drained`. */
  | { kind: 'ended'; id: string }
  /** Let go of it, sent or not; all of them without id. Answered by `closed`. */
  | { kind: 'close'; id: string | undefined };

export type FromShipper =
  | { kind: 'opened'; id: string; error: string | undefined }
  /** Sent up to there: number of the file, offset in it. */
  | { kind: 'at'; id: string; number: number; offset: number }
  | { kind: 'drained'; id: string }
  | { kind: 'closed' }
  | { kind: 'note'; level: 'warn' | 'info'; id: string; message: string };
