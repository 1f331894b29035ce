import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { chooseIdentity, type EngineIdentity } from './identity.ts';
import { sweep, waitForNoLeaks } from './leaks.ts';
import { type Answer, type RequestOptions, request } from './request.ts';

export interface TestEngineOptions {
  /** Further command line flags of the engine. */
  args?: string[];
  /** Its daemon.json, at `ROOT/daemon.json`; none unless given, whatever the host has. */
  config?: Record<string, unknown> | ((id: EngineIdentity) => Record<string, unknown>);
  env?: Record<string, string>;
  /** Put before the engine's command line: a program that becomes the engine, with its arguments. */
  through?: string[];
}

/** An engine of its own, as a child process; shares nothing with other engines on this machine. */
export interface TestEngine extends EngineIdentity {
  /** `unix:///…`, for DOCKER_HOST. */
  readonly host: string;
  readonly pid: number;
  /** Everything that the engine printed, over all restarts. */
  output(): string;
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** kill -9; containers stay. */
  kill(): Promise<void>;
  /** SIGTERM, waits until it has ended; containers stay. */
  terminate(): Promise<void>;
  /** Starts an engine on the same roots again, after `kill` or `terminate`. */
  start(): Promise<void>;
  /** Removes all containers, ends the engine, fails naming the test file when something is left, sweeps. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const ENGINE_MAIN = path.join(REPOSITORY, 'apps/engine/main.ts');
const PINNED_NODE = path.join(REPOSITORY, 'node_modules/.bin/node');
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 20_000;

/** Starts an engine with its own roots, socket, bridge, address pool, nftables table and cgroup parent. */
export async function startTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const identity = await chooseIdentity();
  const owner = expect.getState().testPath ?? process.argv[1] ?? 'a script';
  const engine = new EngineProcess(identity, options);
  const target = { socketPath: identity.socket };
  try {
    await engine.start();
  } catch (error) {
    await sweep(identity);
    throw error;
  }
  const stop = () => stopAndCheck(engine, identity, owner);
  return {
    ...identity,
    host: `unix://${identity.socket}`,
    get pid() {
      return engine.pid;
    },
    output: () => engine.output,
    request: (method, url, requestOptions) => request(target, method, url, requestOptions),
    kill: () => engine.end('SIGKILL'),
    terminate: () => engine.end('SIGTERM'),
    start: () => engine.start(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function stopAndCheck(engine: EngineProcess, identity: EngineIdentity, owner: string): Promise<void> {
  try {
    if (!engine.alive) await engine.start(); // a killed engine's containers are removed by the next one
    await removeContainers(identity);
    await removeNetworks(identity);
    const leaks = await waitForNoLeaks(identity, engine.pid, 5000);
    await engine.end('SIGTERM');
    if (leaks.length > 0) {
      throw new Error(`${owner} left behind:\n  ${leaks.join('\n  ')}\nThe engine said:\n${tail(engine.output)}`);
    }
  } finally {
    await engine.end('SIGKILL');
    await sweep(identity);
  }
}

async function removeContainers(identity: EngineIdentity): Promise<void> {
  const target = { socketPath: identity.socket };
  const listed = await request(target, 'GET', '/containers/json?all=1');
  if (listed.status === 501) return; // an engine without containers has none to remove
  if (listed.status !== 200)
    throw new Error(`cannot list containers at the end of a test: ${listed.status} ${listed.text}`);
  for (const { Id } of listed.json<{ Id: string }[]>()) {
    const removed = await request(target, 'DELETE', `/containers/${Id}?force=1&v=1`);
    if (![204, 404, 409].includes(removed.status))
      throw new Error(`cannot remove container ${Id}: ${removed.status} ${removed.text}`);
  }
}

async function removeNetworks(identity: EngineIdentity): Promise<void> {
  const target = { socketPath: identity.socket };
  const filters = encodeURIComponent(JSON.stringify({ type: ['custom'] }));
  const listed = await request(target, 'GET', `/networks?filters=${filters}`);
  // Those that others are made from go last.
  const networks = listed.json<{ Id: string; ConfigOnly: boolean }[]>().sort((a, b) => +a.ConfigOnly - +b.ConfigOnly);
  for (const { Id } of networks) {
    const removed = await request(target, 'DELETE', `/networks/${Id}`);
    if (![204, 404].includes(removed.status))
      throw new Error(`cannot remove network ${Id}: ${removed.status} ${removed.text}`);
  }
}

/** The engine's process over its restarts. */
class EngineProcess {
  output = '';
  #identity: EngineIdentity;
  #options: TestEngineOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(identity: EngineIdentity, options: TestEngineOptions) {
    this.#identity = identity;
    this.#options = options;
  }

  get alive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    if (this.alive) throw new Error('the test engine runs already');
    await mkdir(this.#identity.dataRoot, { recursive: true });
    await mkdir(this.#identity.execRoot, { recursive: true });
    const node = existsSync(PINNED_NODE) ? PINNED_NODE : process.execPath;
    const file = configFile(this.#identity);
    const { config } = this.#options;
    const settings = typeof config === 'function' ? config(this.#identity) : config;
    if (settings && !existsSync(file)) await writeFile(file, JSON.stringify(settings, null, 2));
    const [program = node, ...words] = [...(this.#options.through ?? []), node, ENGINE_MAIN];
    const child = spawn(program, [...words, ...flagsOf(this.#identity), ...(this.#options.args ?? [])], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#options.env },
    });
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => this.#record(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#record(chunk));
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()));
    await this.#answering();
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.alive) return;
    this.#child?.kill(signal);
    const late = new AbortController();
    const timeout = delay(STOP_TIMEOUT_MS, 'late', { signal: late.signal, ref: false }).catch(() => 'ended');
    const how = await Promise.race([this.#ended, timeout]);
    late.abort();
    if (how === 'late')
      throw new Error(`the engine did not end within ${STOP_TIMEOUT_MS} ms after ${signal}:\n${tail(this.output)}`);
  }

  async #answering(): Promise<void> {
    const end = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < end) {
      if (!this.alive) throw new Error(`the engine ended at its start:\n${tail(this.output)}`);
      const answer = await request({ socketPath: this.#identity.socket }, 'GET', '/_ping').catch(() => undefined);
      if (answer?.status === 200) return;
      await delay(10);
    }
    throw new Error(`the engine did not answer within ${START_TIMEOUT_MS} ms:\n${tail(this.output)}`);
  }

  #record(chunk: Buffer): void {
    this.output = (this.output + chunk.toString()).slice(-1024 * 1024);
  }
}

/** Where a test engine's daemon.json is, if it has one. */
export function configFile(id: EngineIdentity): string {
  return path.join(id.root, 'daemon.json');
}

/** The command line that gives an engine this identity. */
export function flagsOf(id: EngineIdentity): string[] {
  return [
    ...['--config-file', existsSync(configFile(id)) ? configFile(id) : '/dev/null'],
    ...['--data-root', id.dataRoot],
    ...['--exec-root', id.execRoot],
    ...['--host', `unix://${id.socket}`],
    ...['--bridge', id.bridge],
    ...['--bip', id.bip],
    ...['--nft-table', id.nftTable],
    ...['--cgroup-parent', id.cgroupParent],
    ...['--address-pool', `base=${id.addressPool.base},size=${id.addressPool.size}`],
    ...['--log-level', 'debug'],
  ];
}

function tail(text: string): string {
  return text.split('\n').slice(-60).join('\n');
}
