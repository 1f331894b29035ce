import { expect, vi } from 'vitest';
import { startTestEngine, type TestEngine, type TestEngineOptions } from './engine.ts';
import { type Hijacked, hijack, unframe } from './hijack.ts';
import { busyboxImage, dockerArchive, type ImageRecipe } from './images.ts';
import type { Answer } from './request.ts';

/** The image that every test container of `Containers` is of, unless it names another. */
export const IMAGE = 'busybox:test';

/** A create request as Docker has it; all of it is optional here. */
export interface Wish {
  Image?: string;
  Cmd?: string[] | null;
  HostConfig?: Record<string, unknown>;
  [member: string]: unknown;
}

/** How a program ended and what it said. Of one with a terminal everything is in `stdout`. */
export interface Outcome {
  id: string;
  code: number;
  stdout: string;
  stderr: string;
}

/** Docker's MountPoint. */
export interface MountSummary {
  Type: string;
  Name?: string;
  Source: string;
  Destination: string;
  Driver?: string;
  Mode: string;
  RW: boolean;
  Propagation: string;
}

/** The parts of inspect that tests look at. */
export interface Inspected {
  Id: string;
  Name: string;
  RestartCount: number;
  State: {
    Status: string;
    Running: boolean;
    Paused: boolean;
    Restarting: boolean;
    OOMKilled: boolean;
    Pid: number;
    ExitCode: number;
    Error: string;
    StartedAt: string;
    FinishedAt: string;
  };
  HostConfig: Record<string, unknown>;
  Config: Record<string, unknown>;
  NetworkSettings: { IPAddress: string; Gateway: string };
  Mounts: MountSummary[];
}

/** Repeats a check until it holds, for at most ten seconds; also in concurrent tests, which `expect.poll` is not made for. */
export function eventually(check: () => Promise<void> | void): Promise<void> {
  return vi.waitFor(check, { timeout: 10_000, interval: 10 });
}

/** Starts an engine that has a busybox image, and further ones. */
export async function startContainers(
  options: TestEngineOptions & { images?: ImageRecipe[] } = {},
): Promise<Containers> {
  const engine = await startTestEngine(options);
  const loaded = await engine.request('POST', '/images/load?quiet=1', {
    body: dockerArchive([busyboxImage([IMAGE]), ...(options.images ?? [])]),
    headers: { 'Content-Type': 'application/x-tar' },
  });
  if (loaded.status !== 200 || loaded.text.includes('"error"')) {
    await engine.stop();
    throw new Error(`the images of a test were not loaded: ${loaded.status} ${loaded.text}`);
  }
  return new Containers(engine);
}

/** Short words for what tests do with containers over the API. */
export class Containers {
  readonly engine: TestEngine;

  constructor(engine: TestEngine) {
    this.engine = engine;
  }

  /** A request that must be answered with a status below 400. */
  async ask(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await this.engine.request(method, path, body === undefined ? {} : { body });
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** A request that must be refused: `409 sentence`. */
  async refusal(method: string, path: string, body?: object): Promise<string> {
    const answer = await this.engine.request(method, path, body === undefined ? {} : { body });
    expect(answer.status, `${method} ${path} was not refused`).toBeGreaterThanOrEqual(400);
    return `${answer.status} ${answer.json<{ message: string }>().message}`;
  }

  async create(cmd: string[] | null, wish: Wish = {}, name?: string): Promise<string> {
    const query = name === undefined ? '' : `?name=${name}`;
    const body = { Image: IMAGE, ...(cmd === null ? {} : { Cmd: cmd }), ...wish };
    return (await this.ask('POST', `/containers/create${query}`, body)).json<{ Id: string }>().Id;
  }

  async start(id: string): Promise<void> {
    await this.ask('POST', `/containers/${id}/start`);
  }

  /** Creates and starts. */
  async begin(cmd: string[] | null, wish: Wish = {}, name?: string): Promise<string> {
    const id = await this.create(cmd, wish, name);
    await this.start(id);
    return id;
  }

  /** Runs to the end. */
  async run(cmd: string[] | null, wish: Wish = {}): Promise<Outcome> {
    const id = await this.begin(cmd, wish);
    return { id, code: await this.wait(id), ...(await this.logs(id, wish['Tty'] === true)) };
  }

  /** stdout of a shell script in a container, without the last newline; fails when the script does. */
  async sh(script: string, wish: Wish = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(['sh', '-ec', script], wish);
    expect(code, `${script}\n${stdout}${stderr}`).toBe(0);
    return stdout.trimEnd();
  }

  async wait(id: string, condition = 'not-running'): Promise<number> {
    return (await this.ask('POST', `/containers/${id}/wait?condition=${condition}`)).json<{ StatusCode: number }>()
      .StatusCode;
  }

  async logs(id: string, tty = false, query = ''): Promise<{ stdout: string; stderr: string }> {
    const { body } = await this.ask('GET', `/containers/${id}/logs?stdout=1&stderr=1${query}`);
    if (tty) return { stdout: body.toString(), stderr: '' };
    const { stdout, stderr } = unframe(body);
    return { stdout: stdout.toString(), stderr: stderr.toString() };
  }

  async inspect(id: string): Promise<Inspected> {
    return (await this.ask('GET', `/containers/${id}/json`)).json<Inspected>();
  }

  async remove(id: string): Promise<void> {
    await this.ask('DELETE', `/containers/${id}?force=1`);
  }

  /** Attaches all streams unless told otherwise. */
  attach(id: string, query = 'stream=1&stdin=1&stdout=1&stderr=1'): Promise<Hijacked> {
    return hijack(this.engine, `/containers/${id}/attach?${query}`);
  }

  async execCreate(id: string, cmd: string[], wish: object = {}): Promise<string> {
    const body = { AttachStdout: true, AttachStderr: true, Cmd: cmd, ...wish };
    return (await this.ask('POST', `/containers/${id}/exec`, body)).json<{ Id: string }>().Id;
  }

  /** Starts an exec with its streams. */
  execStart(exec: string, body: object = {}): Promise<Hijacked> {
    return hijack(this.engine, `/exec/${exec}/start`, { Detach: false, Tty: false, ...body });
  }

  /** Runs a further process in a container to its end. */
  async exec(id: string, cmd: string[], wish: { Tty?: boolean; [member: string]: unknown } = {}): Promise<Outcome> {
    const exec = await this.execCreate(id, cmd, wish);
    const stream = await this.execStart(exec, { Tty: wish.Tty ?? false });
    const bytes = await stream.ended;
    stream.destroy();
    const code = await this.execCode(exec);
    if (wish.Tty) return { id: exec, code, stdout: bytes.toString(), stderr: '' };
    const { stdout, stderr } = unframe(bytes);
    return { id: exec, code, stdout: stdout.toString(), stderr: stderr.toString() };
  }

  /** Exit code of an exec that has ended. */
  async execCode(exec: string): Promise<number> {
    const { Running, ExitCode } = await this.execInspect(exec);
    expect(Running).toBe(false);
    return ExitCode ?? -1;
  }

  async execInspect(exec: string): Promise<{ Running: boolean; ExitCode: number | null; Pid: number }> {
    return (await this.ask('GET', `/exec/${exec}/json`)).json();
  }

  /** Actions of the events of one container so far, oldest first. */
  async events(id: string): Promise<string[]> {
    const filters = encodeURIComponent(JSON.stringify({ container: [id] }));
    const { text } = await this.ask('GET', `/events?since=1&until=${(Date.now() + 1) / 1000}&filters=${filters}`);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { Action: string }).Action);
  }
}
