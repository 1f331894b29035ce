import { setTimeout as delay } from 'node:timers/promises';
import { bytesBehind, ENTRY_HEADER, endOf, LogTail, logFiles, openLogFile, tailStart } from '../../logs/index.ts';
import type { LogPosition } from '../../logs/position.ts';
import type { Message } from './message.ts';
import { MessageParser } from './message-parser.ts';
import { readPosition, type SentPosition, writePosition } from './position.ts';
import type { FromShipper, ShipRequest } from './protocol.ts';
import { type RetryPolicy, retryPolicy } from './retry.ts';
import { connectSink, type Sink } from './sinks/index.ts';

/** How often what was sent is written down at most, in milliseconds: so much is sent twice after a crash. */
const SAVE_WITHIN = 100;
/** Bytes of progress that the engine is told of at once; less is told when it is written down. */
const TELL_EVERY = 256 * 1024;
/** Milliseconds that ending may take. */
const GRACE = 500;
/** A server that takes longer for a batch does not keep up, and what waits too long may be dropped. */
const SLOW = 250;

/**
 * Sends one container's log to a log server, from where it was left: a tail of the monitor's file whose position is kept
 * beside it. Holds one read of the log in memory. Every line is sent until the server's kernel (or the server itself,
 * where it acknowledges) has taken it; lines are dropped only where the options say so, and told.
 */
export class Shipment {
  readonly #request: ShipRequest;
  readonly #tell: (message: FromShipper) => void;
  readonly #retry: RetryPolicy;
  readonly #ended = new AbortController();
  readonly #stopped = new AbortController();
  #parser = new MessageParser();
  #tail: LogTail<Message[]> | undefined;
  #sink: Sink | undefined;
  #sent: SentPosition | undefined;
  #saved: SentPosition | undefined;
  /** Bytes that waited when their events were counted last. */
  #counted = 0;
  #told: LogPosition = { number: 0, offset: 0 };
  #saveTimer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(request: ShipRequest, tell: (message: FromShipper) => void) {
    this.#request = request;
    this.#tell = tell;
    this.#retry = retryPolicy(request.options);
  }

  /** Makes the connection that sending begins with. Errors: the server cannot be reached. */
  async connect(): Promise<void> {
    this.#sink = await connectSink(this.#request.options, this.#request.sender);
  }

  begin(): void {
    this.#running = this.#run().catch((error: unknown) => {
      this.#note('warn', `sending the log has ended: ${describe(error)}`);
    });
  }

  /** Nothing more is written to the log; what is there is still sent. */
  end(): void {
    this.#ended.abort();
  }

  /** Ends sending; what was sent is written down. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#tail?.return();
    this.#sink?.close();
    // A connection that is just being made may take its time: nothing is sent over it any more.
    await Promise.race([this.#running, delay(GRACE, undefined, { ref: false })]);
    clearTimeout(this.#saveTimer);
    this.#save();
  }

  async #run(): Promise<void> {
    const sent = readPosition(this.#request.log);
    this.#parser = new MessageParser(sent?.begun);
    let from: LogPosition | undefined = sent;
    while (!this.#isStopped) {
      from = await this.#sendFrom(from);
      if (from === undefined) break; // all is sent
    }
    clearTimeout(this.#saveTimer);
    this.#save();
    this.#sink?.close();
    if (!this.#isStopped) this.#tell({ kind: 'drained', id: this.#request.id });
  }

  /** Sends from a position on; resolves to another one to go on from, or to undefined at the end. */
  async #sendFrom(from: LogPosition | undefined): Promise<LogPosition | undefined> {
    const start = async (log: string) => existing(log, from) ?? tailStart(log, -1, { stdout: true, stderr: true });
    const options = { follow: true, until: 0n, ended: this.#ended.signal };
    const tail = new LogTail<Message[]>(this.#request.log, start, options, this.#parser);
    this.#tail = tail;
    try {
      for await (const messages of tail) {
        const skipTo = await this.#deliver(messages);
        if (this.#isStopped) return undefined;
        if (skipTo) return this.#skip(skipTo);
        this.#remember({ ...tail.position, begun: this.#parser.begun });
      }
      if (this.#isStopped) return undefined;
      const position = tail.position;
      const rest = this.#parser.flush();
      if (rest.length > 0) await this.#deliver(rest);
      this.#remember({ ...position, begun: [] });
      return undefined;
    } catch (error) {
      if (this.#isStopped) return undefined;
      // Rotation took what was not sent: only where lines may be dropped, else the files are kept.
      this.#note('warn', `lines were dropped: ${describe(error)}`);
      await delay(this.#retry.wait(1), undefined, { signal: this.#stopped.signal }).catch(() => undefined);
      return this.#skip({ number: logFiles(this.#request.log)[0]?.number ?? 1, offset: 0 });
    } finally {
      await tail.return();
    }
  }

  /** Resolves when all are sent, or are to be dropped; to a position when everything before that is to be dropped. */
  async #deliver(messages: readonly Message[]): Promise<LogPosition | undefined> {
    for (let attempt = 1; ; attempt++) {
      const begun = performance.now();
      try {
        this.#sink ??= await connectSink(this.#request.options, this.#request.sender);
        await this.#sink.send(messages);
        const slow = performance.now() - begun > SLOW;
        if (attempt > 1) this.#note('info', 'the log server is reached again');
        return slow ? this.#overdue() : undefined;
      } catch (error) {
        this.#sink?.close();
        this.#sink = undefined;
        if (this.#isStopped) return undefined;
        if (attempt === 1) this.#note('warn', `cannot send the log to its server, trying on: ${describe(error)}`);
        if (attempt > this.#retry.attempts) {
          this.#note('warn', `${messages.length} lines were dropped after ${attempt} attempts`);
          return undefined;
        }
        await delay(this.#retry.wait(attempt), undefined, { signal: this.#stopped.signal }).catch(() => undefined);
        const skipTo = this.#isStopped ? undefined : await this.#overdue();
        if (skipTo) return skipTo;
      }
    }
  }

  /** Where to go on when more waits than is allowed to. */
  async #overdue(): Promise<LogPosition | undefined> {
    const { log, maxWaiting, options } = this.#request;
    const at = this.#tail?.position;
    if (!at) return undefined;
    const waiting = bytesBehind(log, at);
    if (options.driver === 'fluentd' && options.async && this.#mayExceed(waiting, options.bufferLimit)) {
      const limit = await tailStart(log, options.bufferLimit, { stdout: true, stderr: true });
      if (limit && isBefore(this.#sent ?? at, limit)) return limit;
    }
    if (maxWaiting === undefined || waiting <= maxWaiting) return undefined;
    return backFrom(log, maxWaiting);
  }

  /** Whether so many bytes may be more than so many events; counting them reads all of it, so not at every attempt. */
  #mayExceed(bytes: number, events: number): boolean {
    if (bytes < events * ENTRY_HEADER || bytes < this.#counted * 1.2) return false;
    this.#counted = bytes;
    return true;
  }

  #skip(to: LogPosition): LogPosition {
    this.#parser = new MessageParser();
    this.#counted = 0;
    this.#remember({ ...to, begun: [] });
    this.#note('warn', 'the log server does not keep up: lines were dropped, as its options ask');
    return to;
  }

  #remember(position: SentPosition): void {
    this.#sent = position;
    if (position.number !== this.#told.number || position.offset - this.#told.offset > TELL_EVERY)
      this.#tellAt(position);
    if (this.#saveTimer) return;
    this.#save();
    this.#saveTimer = setTimeout(() => {
      this.#saveTimer = undefined;
      if (this.#sent !== this.#saved) this.#remember(this.#sent ?? position);
    }, SAVE_WITHIN);
  }

  #save(): void {
    if (!this.#sent || this.#sent === this.#saved) return;
    writePosition(this.#request.log, this.#sent);
    this.#saved = this.#sent;
    this.#tellAt(this.#sent);
  }

  #tellAt({ number, offset }: LogPosition): void {
    this.#told = { number, offset };
    this.#tell({ kind: 'at', id: this.#request.id, number, offset });
  }

  #note(level: 'warn' | 'info', message: string): void {
    this.#tell({ kind: 'note', level, id: this.#request.id, message });
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }
}

/** The position, if its file is still there; else the beginning of what is. */
function existing(log: string, position: LogPosition | undefined): LogPosition | undefined {
  if (!position) return undefined;
  const oldest = logFiles(log)[0];
  return oldest && oldest.number > position.number ? { number: oldest.number, offset: 0 } : position;
}

function isBefore(a: LogPosition, b: LogPosition): boolean {
  return a.number < b.number || (a.number === b.number && a.offset < b.offset);
}

/**
 * A position so many bytes before the end, at most a file back; the entry there may be a part of one. A live file that was
 * begun a moment ago holds next to nothing of what waits.
 */
async function backFrom(log: string, bytes: number): Promise<LogPosition> {
  const { number, offset } = endOf(log);
  const live = Number.isFinite(offset) ? offset : 0;
  if (live >= bytes) return { number, offset: live - bytes };
  const before = await openLogFile(log, number - 1);
  if (!before) return { number, offset: 0 };
  try {
    const { size } = await before.stat();
    return { number: number - 1, offset: Math.max(0, size - (bytes - live)) };
  } finally {
    await before.close();
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
