import { createHash } from 'node:crypto';
import type http from 'node:http';
import { expect } from 'vitest';
import { call, type Descriptor, digestOf, type MadeManifest, manifestOf, TYPES } from './registry-calls.ts';

/** What all workers did, in operations: one request each. */
export interface Counts {
  push: number;
  pull: number;
  delete: number;
}

/** Repositories that workers use: in the last one nothing that has no tag is kept, and manifests are everyone's. */
export const REPOSITORIES = ['team/a', 'team/b', 'c', 'swept'] as const;
const TAGS = 10;
const BLOBS = 250;

/** Numbers that look random and are the same each time. */
export function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** One client among many: it has tags of its own, so it knows what must be there; blobs are everyone's. */
export class Worker {
  readonly #url: string;
  readonly #id: number;
  readonly #agent: http.Agent;
  readonly #graceMs: number;
  readonly #counts: Counts;
  readonly #roll: (sides: number) => number;
  /** What is there, by `NAME:TAG`. */
  readonly #present = new Map<string, MadeManifest & { blobs: string[] }>();

  constructor(url: string, id: number, agent: http.Agent, graceMs: number, counts: Counts) {
    this.#url = url;
    this.#id = id;
    this.#agent = agent;
    this.#graceMs = graceMs;
    this.#counts = counts;
    this.#roll = dice(id + 1);
  }

  /** Does one thing and checks what is answered. */
  async act(): Promise<void> {
    const name = REPOSITORIES[this.#roll(REPOSITORIES.length)]!;
    const tag = `w${this.#id}-${this.#roll(TAGS)}`;
    const kind = this.#roll(100);
    if (kind < 30) await this.#push(name, tag);
    else if (kind < 80) await this.#pull(name, tag);
    else await this.#delete(name, tag);
  }

  async #push(name: string, tag: string): Promise<void> {
    const start = performance.now();
    const parts: Descriptor[] = [];
    for (const mediaType of [TYPES.config, TYPES.layer, TYPES.layer]) parts.push(await this.#pushBlob(name, mediaType));
    const [config, ...layers] = parts;
    const owner = name === 'swept' ? {} : { annotations: { worker: String(this.#id) } };
    const made = manifestOf({ config, layers, ...owner });
    const headers = { 'content-type': made.mediaType };
    const answer = await this.#send('PUT', `/v2/${name}/manifests/${tag}`, made.bytes, headers);
    this.#counts.push++;
    // A client that took longer than the time of grace has to push again.
    if (answer.status === 404 && performance.now() - start > this.#graceMs / 2) return;
    expect(answer.status, `${name}:${tag}: ${answer.body}`).toBe(201);
    this.#present.set(`${name}:${tag}`, { ...made, blobs: parts.map(({ digest }) => digest) });
  }

  /** As clients do: look, perhaps mount, else upload in one of the ways. */
  async #pushBlob(name: string, mediaType: string): Promise<Descriptor> {
    const kind = this.#roll(BLOBS);
    const bytes = Buffer.alloc(64 + kind, createHash('sha256').update(`blob ${kind}`).digest());
    const digest = digestOf(bytes);
    const descriptor = { mediaType, digest, size: bytes.length };
    if ((await this.#send('HEAD', `/v2/${name}/blobs/${digest}`)).status === 200) return descriptor;
    const mount = this.#roll(3) === 0 ? `?mount=${digest}&from=team/a` : '';
    let answer = await this.#send('POST', `/v2/${name}/blobs/uploads/${mount}`, Buffer.alloc(0));
    const location = answer.headers.location ?? '';
    if (answer.status === 202 && this.#roll(2) === 0) {
      await this.#send('PATCH', location, bytes.subarray(0, 32), { 'content-range': '0-31' });
      answer = await this.#send('PUT', `${location}?digest=${digest}`, bytes.subarray(32));
    } else if (answer.status === 202) answer = await this.#send('PUT', `${location}?digest=${digest}`, bytes);
    this.#counts.push++;
    expect(answer.status, `${name}@${digest}: ${answer.body}`).toBe(201);
    return descriptor;
  }

  async #pull(name: string, tag: string): Promise<void> {
    const known = this.#present.get(`${name}:${tag}`);
    const answer = await this.#send('GET', `/v2/${name}/manifests/${tag}`);
    this.#counts.pull++;
    expect(answer.status, `GET ${name}:${tag}`).toBe(known ? 200 : 404);
    if (!known) return;
    expect(answer.body.equals(known.bytes)).toBe(true);
    const digest = known.blobs[this.#roll(known.blobs.length)]!;
    const blob = await this.#send('GET', `/v2/${name}/blobs/${digest}`);
    this.#counts.pull++;
    expect(blob.status, `GET ${name}@${digest}`).toBe(200);
    expect(digestOf(blob.body)).toBe(digest);
  }

  async #delete(name: string, tag: string): Promise<void> {
    const known = this.#present.get(`${name}:${tag}`);
    const whole = known !== undefined && name !== 'swept' && this.#roll(2) === 0;
    const answer = await this.#send('DELETE', `/v2/${name}/manifests/${whole ? known.digest : tag}`);
    this.#counts.delete++;
    expect(answer.status, `DELETE ${name}:${tag}`).toBe(known ? 202 : 404);
    for (const [other, { digest }] of this.#present) {
      const isGone = other === `${name}:${tag}` || (whole && digest === known.digest && other.startsWith(`${name}:`));
      if (isGone) this.#present.delete(other);
    }
  }

  #send(method: string, path: string, body?: Buffer, headers = {}) {
    return call(this.#url, method, path, { agent: this.#agent, headers, ...(body ? { body } : {}) });
  }
}
