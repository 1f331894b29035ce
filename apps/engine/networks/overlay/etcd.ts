import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { BerthError } from '@berth/kit';

/** A key of the store with what it holds. */
export interface Entry {
  key: string;
  value: string;
  /** Revision of the store at which the key came into being. */
  created: string;
}

/** A change that a watch tells of; `value` is undefined where the key is gone. */
export interface Change {
  key: string;
  value: string | undefined;
}

/** What must be so for a transaction to be carried out. */
export type Condition =
  | { absent: string }
  /** No key begins with this. */
  | { noneBelow: string }
  | { present: string }
  /** The key came into being at this revision. */
  | { key: string; created: string };

export interface EtcdOptions {
  /** `http://10.0.0.5:2379`; tried in turn. */
  urls: readonly string[];
  /** For https. */
  tls: TlsMaterial | undefined;
}

/** In PEM form. */
export interface TlsMaterial {
  ca: Buffer | undefined;
  cert: Buffer | undefined;
  key: Buffer | undefined;
}

/**
 * A client of etcd 3 by the JSON form of its API (etcd.io/docs, "API gRPC gateway"), as much of it as networks need.
 * Errors of all calls: unavailable when no member answers within three seconds, or the store refuses.
 */
export class Etcd {
  readonly #options: EtcdOptions;
  readonly #agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': undefined as HttpsAgent | undefined };
  #turn = 0;

  constructor(options: EtcdOptions) {
    this.#options = options;
  }

  /** All keys that begin with `prefix`, and the store's revision at that moment. */
  async list(prefix: string): Promise<{ revision: string; entries: Entry[] }> {
    const answer = await this.#call('/v3/kv/range', { key: encode(prefix), range_end: endOf(prefix) });
    return { revision: revisionOf(answer), entries: entriesOf(answer['kvs']) };
  }

  async get(key: string): Promise<Entry | undefined> {
    return entriesOf((await this.#call('/v3/kv/range', { key: encode(key) }))['kvs'])[0];
  }

  /** Writes and deletes all, or nothing where a condition does not hold; false then. */
  async change(
    conditions: readonly Condition[],
    changes: { put?: Readonly<Record<string, string>>; delete?: readonly string[]; deleteBelow?: readonly string[] },
  ): Promise<boolean> {
    const { put = {}, delete: gone = [], deleteBelow = [] } = changes;
    const answer = await this.#call('/v3/kv/txn', {
      compare: conditions.map(compareOf),
      success: [
        ...Object.entries(put).map(([key, value]) => ({ request_put: { key: encode(key), value: encode(value) } })),
        ...gone.map((key) => ({ request_delete_range: { key: encode(key) } })),
        ...deleteBelow.map((key) => ({ request_delete_range: { key: encode(key), range_end: endOf(key) } })),
      ],
    });
    return answer['succeeded'] === true;
  }

  /**
   * Tells of all changes below `prefix` from a revision on, in order. Ends only with an error: unavailable when the
   * connection is lost or the store no longer knows that revision.
   */
  async watch(prefix: string, from: bigint, tell: (changes: Change[]) => void, signal: AbortSignal): Promise<never> {
    const create = {
      key: encode(prefix),
      range_end: endOf(prefix),
      start_revision: String(from),
      progress_notify: true,
    };
    const answer = await this.#open('/v3/watch', { create_request: create }, signal);
    let rest = '';
    answer.setEncoding('utf8');
    // A member that fell silent: its progress notes come every ten minutes; the kernel's probes notice a dead host before.
    answer.socket.setKeepAlive(true, PATIENCE_MS);
    for await (const text of answer) {
      const lines = (rest + String(text)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_BYTES) throw new BerthError('unavailable', 'the cluster store sent a message without end');
      for (const line of lines) if (line.trim() !== '') tell(changesOf(parse(line)));
    }
    throw new BerthError('unavailable', 'the cluster store ended the watch');
  }

  close(): void {
    this.#agents['http:'].destroy();
    this.#agents['https:']?.destroy();
  }

  async #call(path: string, body: object): Promise<Record<string, unknown>> {
    const answer = await this.#open(path, body, AbortSignal.timeout(PATIENCE_MS));
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of answer) {
      size += part.length;
      if (size > MAX_BYTES) throw new BerthError('unavailable', 'the cluster store sent a message without end');
      parts.push(part);
    }
    return parse(Buffer.concat(parts).toString('utf8'));
  }

  /** Asks one member after the other until one answers. */
  async #open(path: string, body: object, signal: AbortSignal): Promise<IncomingMessage> {
    const { urls } = this.#options;
    let last: unknown;
    for (let tries = 0; tries < urls.length && !signal.aborted; tries++) {
      const url = urls[this.#turn % urls.length]!;
      try {
        const answer = await this.#send(new URL(path, url), JSON.stringify(body), signal);
        if (answer.statusCode === 200) return answer;
        answer.resume();
        last = new Error(`${url} answered ${answer.statusCode}`);
      } catch (error) {
        last = error;
      }
      this.#turn++;
    }
    const why = last instanceof Error ? last.message : 'no answer in time';
    throw new BerthError('unavailable', `the cluster store ${urls.join(', ')} does not answer: ${why}`, {
      hint: 'Networks over several hosts need it for new containers; those that run go on. Setting: cluster-store.',
      cause: last,
    });
  }

  #send(url: URL, body: string, signal: AbortSignal): Promise<IncomingMessage> {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', headers, signal };
      const sent: ClientRequest =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, agent: this.#secureAgent() })
          : httpRequest(url, { ...options, agent: this.#agents['http:'] });
      sent.once('response', resolve).once('error', reject).end(body);
    });
  }

  #secureAgent(): HttpsAgent {
    this.#agents['https:'] ??= new HttpsAgent({ keepAlive: true, ...this.#options.tls });
    return this.#agents['https:'];
  }
}

const PATIENCE_MS = 3000;
const MAX_BYTES = 64 << 20;

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(value: unknown): string {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
}

/** The first key after all that begin with this; our prefixes end with a slash. */
function endOf(prefix: string): string {
  const bytes = Buffer.from(prefix);
  bytes[bytes.length - 1]! += 1;
  return bytes.toString('base64');
}

function compareOf(condition: Condition): object {
  const created = (key: string, revision: string, more: object = {}) => ({
    ...{ key: encode(key), target: 'CREATE', create_revision: revision, result: 'EQUAL' },
    ...more,
  });
  if ('absent' in condition) return created(condition.absent, '0');
  if ('noneBelow' in condition) return created(condition.noneBelow, '0', { range_end: endOf(condition.noneBelow) });
  if ('present' in condition) return created(condition.present, '0', { result: 'GREATER' });
  return created(condition.key, condition.created);
}

function entriesOf(kvs: unknown): Entry[] {
  return arrayOf(kvs).map((entry) => {
    const { key, value, create_revision: created } = objectOf(entry);
    return { key: decode(key), value: decode(value), created: String(created ?? '0') };
  });
}

function changesOf(message: Record<string, unknown>): Change[] {
  const result = objectOf(message['result']);
  if (message['error'] !== undefined || result['canceled'] === true)
    throw new BerthError('unavailable', 'the cluster store gave the watch up');
  return arrayOf(result['events']).map((event) => {
    const { type, kv } = objectOf(event);
    const { key, value } = objectOf(kv);
    return { key: decode(key), value: type === 'DELETE' ? undefined : decode(value) };
  });
}

function revisionOf(answer: Record<string, unknown>): string {
  return String(objectOf(answer['header'])['revision'] ?? '0');
}

/** Errors: unavailable (that is no JSON: it is no etcd). */
function parse(text: string): Record<string, unknown> {
  try {
    return objectOf(JSON.parse(text));
  } catch (cause) {
    throw new BerthError('unavailable', 'the cluster store sent what is no JSON; is it etcd 3.4 or later?', { cause });
  }
}

function arrayOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
