import { randomInt } from 'node:crypto';
import type { TestEngine } from '../../support/engine.ts';

/** What the engine has acknowledged about one container: after any crash it has to be so. */
interface Promised {
  created: boolean;
  /** The last start was acknowledged, and nothing was asked for since. */
  started: boolean;
  removed: boolean;
}

/** Creates, starts, renames, executes in and removes containers until the engine goes away; notes what was promised. */
export class Workload {
  readonly promised = new Map<string, Promised>();
  readonly #engine: TestEngine;
  #serial = 0;

  constructor(engine: TestEngine) {
    this.#engine = engine;
  }

  /** Runs `workers` of it at once; resolves when each was cut off by the engine's end. */
  async run(workers: number): Promise<void> {
    await Promise.all(Array.from({ length: workers }, () => this.#worker()));
  }

  async #worker(): Promise<void> {
    try {
      for (;;) await this.#step();
    } catch {
      // the engine was killed: whatever was asked for last is neither promised nor not
    }
  }

  async #step(): Promise<void> {
    const name = `w${this.#serial++}`;
    const fact: Promised = { created: false, started: false, removed: false };
    const hostConfig = [
      {},
      { AutoRemove: true },
      { NetworkMode: 'none' },
      { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
    ][randomInt(4)]!;
    const command = [['true'], ['sleep', '600'], ['sh', '-c', 'exit 3']][randomInt(3)]!;
    const created = await this.#ask('POST', `/containers/create?name=${name}`, {
      Image: 'busybox:latest',
      Cmd: command,
      HostConfig: hostConfig,
    });
    if (created !== 201) throw new Error(`create was answered ${created}`);
    // What removes itself at its end promises nothing about being there.
    if (!('AutoRemove' in hostConfig)) {
      fact.created = true;
      this.promised.set(name, fact);
    }
    if (randomInt(4) === 0) return;
    const started = await this.#ask('POST', `/containers/${name}/start`);
    fact.started = started === 204;
    if (randomInt(2) === 0) await this.#exec(name);
    if (randomInt(3) > 0) return;
    fact.started = false;
    fact.created = false; // asked to be removed: from now on either is right until it is acknowledged
    if ((await this.#ask('DELETE', `/containers/${name}?force=1`)) === 204) fact.removed = true;
  }

  async #exec(name: string): Promise<void> {
    const answer = await this.#engine.request('POST', `/containers/${name}/exec`, { body: { Cmd: ['true'] } });
    if (answer.status !== 201) return; // it may have ended
    await this.#ask('POST', `/exec/${answer.json<{ Id: string }>().Id}/start`, { Detach: true });
  }

  async #ask(method: string, path: string, body?: object): Promise<number> {
    const { status, text } = await this.#engine.request(method, path, body ? { body } : {});
    if (status >= 500) throw new Error(`${method} ${path} was answered ${status}: ${text}`);
    return status;
  }
}
