import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { BerthError, type Logger } from '@berth/kit';
import { addReader, type LogPosition, logFiles } from '../logs/index.ts';
import type { ContainerRecord } from '../model.ts';
import { commandLine, extraAttributes, tagOf } from './attributes.ts';
import { isRemote } from './check.ts';
import { parseRemoteOptions } from './remote-options.ts';
import { readPosition } from './ship/position.ts';
import type { Sender, ShipRequest } from './ship/protocol.ts';
import { Shipper } from './ship/shipper.ts';
import { memorySize } from './values.ts';

/** How long the files of a removed container stay for what was not sent, in milliseconds; Docker's time for closing a log. */
const LAST_CHANCE = 10_000;
const DEFAULT_WAITING = 1024 * 1024;
/** Bytes of one attribute and of all: more does not fit into the messages of every protocol. */
const LONGEST_ATTRIBUTE = 16 * 1024;
const ALL_ATTRIBUTES = 64 * 1024;

type Logged = Pick<ContainerRecord, 'id' | 'name' | 'createdAt' | 'imageId' | 'spec'>;

/** Sends the logs of containers with remote drivers. Containers with other drivers cost nothing. */
export interface Shipping {
  /**
   * Begins to send a container's log, which its monitor is about to write. Errors: unavailable, when the server cannot be
   * reached and has to be (`failed to initialize logging driver: …`).
   */
  begin(record: Logged, log: string): Promise<void>;
  /** Goes on after the engine was away; `running`: lines may still come. */
  resume(record: Logged, log: string, running: boolean): void;
  /** The run is over and the log complete. */
  ended(id: string): void;
  /** Lets go of a container that did not start after all. */
  abandon(id: string): Promise<void>;
  /** Up to where a log was sent of which nothing may be dropped; undefined for all others. */
  blocking(id: string): LogPosition | undefined;
  /** Resolves when the log of a removed container is sent, or had its time; lets go of it then. */
  finish(id: string): Promise<void>;
  close(): Promise<void>;
}

interface Shipped {
  /** Nothing may be dropped: rotation waits. */
  blocks: boolean;
  /** Sent up to there: number of the file, offset in it. */
  at: number;
  offset: number;
  ended: boolean;
  forget: () => void;
  drained: PromiseWithResolvers<void>;
}

export function createShipping(log: Logger): Shipping {
  const shipped = new Map<string, Shipped>();
  const shipper = new Shipper({
    onAt: (id, { number, offset }) => {
      const entry = shipped.get(id);
      if (entry) Object.assign(entry, { at: number, offset });
    },
    onDrained: (id) => {
      const entry = shipped.get(id);
      if (!entry?.ended) return; // it was begun again
      drop(shipped, id);
    },
    onNote: (level, id, message) => log[level](message, { container: id }),
    onFailed: (error) => log.error('sending logs failed and begins anew', { error }),
  });
  const add = (record: Logged, path: string): ShipRequest | undefined => {
    const request = requestFor(record, path);
    if (!request) return undefined;
    drop(shipped, record.id);
    const position = readPosition(path);
    const entry: Shipped = {
      blocks: request.maxWaiting === undefined && !(request.options.driver === 'fluentd' && request.options.async),
      at: position?.number ?? 0,
      offset: position?.offset ?? 0,
      ended: false,
      forget: () => undefined,
      drained: Promise.withResolvers(),
    };
    if (entry.blocks)
      entry.forget = addReader(path, {
        get at() {
          return firstUnsent(path, entry);
        },
      });
    shipped.set(record.id, entry);
    return request;
  };
  return {
    async begin(record, path) {
      const request = isRemote(record.spec.hostConfig.LogConfig.Type) ? add(record, path) : undefined;
      if (!request) return;
      const isAsync = request.options.driver === 'fluentd' && request.options.async;
      const error = await shipper.open(request, !isAsync);
      if (error === undefined) return;
      drop(shipped, record.id);
      throw new BerthError(
        'internal',
        `failed to create task for container: failed to initialize logging driver: ${error}`,
      );
    },
    resume(record, path, running) {
      if (!isRemote(record.spec.hostConfig.LogConfig.Type)) return;
      if (!running && isSent(path)) return;
      const request = add(record, path);
      if (!request) return;
      void shipper.open(request, false);
      if (!running) this.ended(record.id);
    },
    ended(id) {
      const entry = shipped.get(id);
      if (!entry || entry.ended) return;
      entry.ended = true;
      shipper.ended(id);
    },
    async abandon(id) {
      if (!shipped.has(id)) return;
      drop(shipped, id);
      shipper.closeOne(id);
    },
    blocking(id) {
      const entry = shipped.get(id);
      return entry?.blocks ? { number: entry.at, offset: entry.offset } : undefined;
    },
    async finish(id) {
      const entry = shipped.get(id);
      if (!entry) return;
      this.ended(id);
      const timer = setTimeout(() => {
        log.warn('lines of a removed container were not sent in time', { container: id });
        entry.drained.resolve();
      }, LAST_CHANCE);
      await entry.drained.promise;
      clearTimeout(timer);
      drop(shipped, id);
      shipper.closeOne(id);
    },
    async close() {
      await shipper.close();
      for (const id of [...shipped.keys()]) drop(shipped, id);
    },
  };
}

function drop(shipped: Map<string, Shipped>, id: string): void {
  const entry = shipped.get(id);
  shipped.delete(id);
  entry?.forget();
  entry?.drained.resolve();
}

function requestFor(record: Logged, log: string): ShipRequest | undefined {
  const { Type, Config } = record.spec.hostConfig.LogConfig;
  const options = parseRemoteOptions(Type, Config);
  if (!options) return undefined;
  const waiting = memorySize(Config['max-buffer-size'] ?? '') ?? DEFAULT_WAITING;
  return {
    id: record.id,
    log,
    options,
    sender: senderOf(record),
    maxWaiting: Config['mode'] === 'non-blocking' ? waiting : undefined,
  };
}

function senderOf(record: Logged): Sender {
  return {
    id: record.id,
    name: record.name,
    imageId: record.imageId,
    imageName: record.spec.config.Image,
    command: commandLine(record).join(' ').slice(0, LONGEST_ATTRIBUTE),
    createdAt: record.createdAt,
    tag: oneLine(tagOf(record, record.spec.hostConfig.LogConfig.Config['tag'] || '{{.ID}}')),
    attributes: fitting([...extraAttributes(record)]),
    hostname: hostname(),
    pid: process.pid,
  };
}

/** A tag may be made of labels of an image: it must not begin a message of its own. */
function oneLine(tag: string): string {
  return tag.replace(/[\p{Cc}\u2028\u2029]/gu, ' ').slice(0, LONGEST_ATTRIBUTE);
}

function fitting(attributes: [string, string][]): [string, string][] {
  let left = ALL_ATTRIBUTES;
  return attributes.map(([name, value]) => {
    const cut = value.slice(0, Math.min(LONGEST_ATTRIBUTE, Math.max(0, left)));
    left -= name.length + cut.length;
    return [name, cut];
  });
}

/** Number of the file that is needed next: one that was sent whole is not, although nothing of the next was sent yet. */
function firstUnsent(log: string, { at, offset }: Shipped): number {
  const files = logFiles(log);
  const file = files.find(({ number }) => number === at);
  const isWhole = file && file !== files.at(-1) && !file.compressed && sizeOf(file.path) <= offset;
  return isWhole ? at + 1 : at;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Whether all of a log was sent. */
function isSent(log: string): boolean {
  const size = sizeOf(log);
  const position = readPosition(log);
  return position ? position.offset === size && position.begun.length === 0 : size === 0;
}
