import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startTestEngine, type TestEngine, type TestEngineOptions } from '../../support/engine.ts';
import { busyboxImage, dockerArchive, type ImageRecipe } from '../../support/images.ts';
import type { Answer } from '../../support/request.ts';
import { describeTree } from '../images/tree.ts';

/** What became of an attempt to run something. */
export interface Outcome {
  /** Status of the first request that failed, or of the last one. */
  status: number;
  /** The engine's words where it refused. */
  message: string;
  /** Both streams of the program, '' where it did not run. */
  output: string;
  /** Of the program; -1 where it did not run. */
  exitCode: number;
}

/** An image without anything hostile in it. */
export const HONEST = 'honest:1';

/** A real engine, an honest image, and something on the host that nobody may touch. */
export class Arena {
  readonly engine: TestEngine;
  /** Directory on the host with a file, a directory, a set-uid program and a link; `expectUntouched` compares it. */
  readonly canary: string;
  /** Directory on the host for what a test shares with its containers. */
  readonly shared: string;
  readonly #root: string;
  readonly #before: unknown;

  private constructor(engine: TestEngine) {
    this.engine = engine;
    this.#root = mkdtempSync(join(tmpdir(), 'berth-attack-'));
    this.shared = join(this.#root, 'shared');
    mkdirSync(this.shared);
    this.canary = join(this.#root, 'canary');
    mkdirSync(join(this.canary, 'directory'), { recursive: true, mode: 0o700 });
    writeFileSync(join(this.canary, 'file'), 'untouched', { mode: 0o600 });
    writeFileSync(join(this.canary, 'program'), '#!/bin/sh\n');
    chmodSync(join(this.canary, 'program'), 0o4755);
    this.#before = describeTree(this.canary);
  }

  /** Starts the engine and loads `HONEST`. */
  static async open(options: TestEngineOptions = {}): Promise<Arena> {
    const arena = new Arena(await startTestEngine(options));
    await arena.load(busyboxImage([HONEST]));
    return arena;
  }

  expectUntouched(): void {
    expect(describeTree(this.canary)).toEqual(this.#before);
  }

  async load(...recipes: ImageRecipe[]): Promise<void> {
    const answer = await this.loadArchive(dockerArchive(recipes));
    for (const tag of recipes.flatMap((recipe) => recipe.tags)) expect(answer.text).toContain(tag);
  }

  loadArchive(body: Buffer): Promise<Answer> {
    return this.engine.request('POST', '/images/load', { body, headers: { 'Content-Type': 'application/x-tar' } });
  }

  /** Creates, starts, waits for the end, reads the output, removes. */
  async run(wish: object): Promise<Outcome> {
    const created = await this.create(wish);
    if (created.status !== 201) return refused(created);
    const { Id } = created.json<{ Id: string }>();
    try {
      const started = await this.engine.request('POST', `/containers/${Id}/start`);
      if (started.status !== 204) return refused(started);
      const waited = await this.engine.request('POST', `/containers/${Id}/wait`);
      const logs = await this.engine.request('GET', `/containers/${Id}/logs?stdout=1&stderr=1`);
      const terminal = (wish as { Tty?: boolean }).Tty === true;
      const output = terminal ? logs.text : unframe(logs.body);
      return { status: 204, message: '', output, exitCode: waited.json<{ StatusCode: number }>().StatusCode };
    } finally {
      await this.remove(Id);
    }
  }

  /** A running container. */
  async up(wish: object = {}): Promise<string> {
    const created = await this.create({ Cmd: ['sleep', '1000'], ...wish });
    expect(created.status, created.text).toBe(201);
    const { Id } = created.json<{ Id: string }>();
    const started = await this.engine.request('POST', `/containers/${Id}/start`);
    expect(started.status, started.text).toBe(204);
    return Id;
  }

  async exec(id: string, wish: object): Promise<Outcome> {
    const body = { AttachStdout: true, AttachStderr: true, ...wish };
    const created = await this.engine.request('POST', `/containers/${id}/exec`, { body });
    if (created.status !== 201) return refused(created);
    const exec = created.json<{ Id: string }>().Id;
    const started = await this.engine.request('POST', `/exec/${exec}/start`, { body: { Detach: false } });
    if (started.status !== 200) return refused(started);
    const { ExitCode } = (await this.engine.request('GET', `/exec/${exec}/json`)).json<{ ExitCode: number }>();
    return { status: 200, message: '', output: unframe(started.body), exitCode: ExitCode };
  }

  create(wish: object): Promise<Answer> {
    return this.engine.request('POST', '/containers/create', { body: { Image: HONEST, ...wish } });
  }

  async remove(id: string): Promise<void> {
    const removed = await this.engine.request('DELETE', `/containers/${id}?force=1&v=1`);
    expect([204, 404], removed.text).toContain(removed.status);
  }

  async close(): Promise<void> {
    try {
      await this.engine.stop();
    } finally {
      rmSync(this.#root, { recursive: true, force: true });
    }
  }
}

function refused(answer: Answer): Outcome {
  return {
    status: answer.status,
    message: answer.json<{ message: string }>().message,
    output: '',
    exitCode: -1,
  };
}

/** The payloads of Docker's frames, both streams in their order. */
function unframe(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    text += bytes.subarray(at + 8, at + 8 + length).toString();
    at += 8 + length;
  }
  return text;
}
