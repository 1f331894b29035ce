import { randomBytes } from 'node:crypto';
import type { FluentdOptions } from '../../remote-options.ts';
import type { Message } from '../message.ts';
import type { Sender } from '../protocol.ts';
import { EventTime, type Packable, pack, readAcks } from './msgpack.ts';
import type { Sink } from './sink.ts';
import { LogStream } from './stream.ts';

/** Fluentd's forward protocol, a message for each line. Errors: those of the connection. */
export async function connectFluentd(options: FluentdOptions, sender: Sender): Promise<Sink> {
  const stream = await LogStream.connect(options.address, { writeTimeout: options.writeTimeout });
  const acks = new Acks(stream, options.readTimeout);
  const expires = options.async && options.reconnectInterval > 0 ? Date.now() + options.reconnectInterval : undefined;
  return {
    async send(messages) {
      if (expires !== undefined && Date.now() > expires) throw new Error('the connection is to be made anew');
      const packed = messages.map((message) => {
        const chunk = options.requestAck ? randomBytes(16).toString('base64') : undefined;
        return { chunk, bytes: pack(event(message, options, sender, chunk)) };
      });
      const answered = acks.expect(packed.flatMap(({ chunk }) => chunk ?? []));
      answered.catch(() => undefined); // told below, unless the write fails first
      await stream.write(Buffer.concat(packed.map(({ bytes }) => bytes)));
      await answered;
    },
    close: () => stream.close(),
  };
}

function event(
  message: Message,
  { subSecondPrecision }: FluentdOptions,
  sender: Sender,
  chunk: string | undefined,
): Packable {
  // Ours come last: a label of an image must not pass for the container that it is.
  const record = new Map<string, Packable>([
    ...sender.attributes,
    ['container_id', sender.id],
    ['container_name', `/${sender.name}`],
    ['source', message.stderr ? 'stderr' : 'stdout'],
    ['log', message.line],
  ]);
  if (message.part) {
    record.set('partial_message', 'true');
    record.set('partial_id', message.part.id);
    record.set('partial_ordinal', String(message.part.ordinal));
    record.set('partial_last', String(message.part.last));
  }
  const time = subSecondPrecision ? new EventTime(message.seconds, message.nanoseconds) : message.seconds;
  return [sender.tag, time, record, new Map(chunk === undefined ? [] : [['chunk', chunk]])];
}

/** Acknowledgements under way. */
class Acks {
  readonly #stream: LogStream;
  readonly #timeout: number;
  readonly #missing = new Set<string>();
  #rest: Buffer = Buffer.alloc(0);
  #done: ((error?: Error) => void) | undefined;

  constructor(stream: LogStream, timeout: number) {
    this.#stream = stream;
    this.#timeout = timeout;
    stream.onData = (chunk) => this.#take(chunk);
  }

  /** Resolves when all of these have come. */
  async expect(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    for (const id of ids) this.#missing.add(id);
    await this.#stream.race((done) => {
      this.#done = done;
      if (this.#missing.size === 0) done();
    }, this.#timeout);
  }

  #take(chunk: Buffer): void {
    if (this.#missing.size === 0) return; // nothing was asked for
    try {
      const { acks, rest } = readAcks(Buffer.concat([this.#rest, chunk]));
      this.#rest = Buffer.from(rest);
      for (const id of acks) this.#missing.delete(id);
      if (this.#missing.size === 0) this.#done?.();
    } catch (error) {
      this.#done?.(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
