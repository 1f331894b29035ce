import { setTimeout as delay } from 'node:timers/promises';
import { attachContainer, type EngineClient, type HijackedStream, inspectContainer } from '@berth/client';
import { observeContainers, planEach, planStop, runningAfter, shortName } from '@berth/compose';
import { describeError } from '@berth/kit';
import type { Parsed } from '../../command.ts';
import { type Compose, warn } from './compose.ts';
import { type Converge, keptNotes } from './converge.ts';
import { type ContainerEvent, projectEvents } from './follow.ts';
import { LogPrinter } from './log-printer.ts';
import { showLogs, widthOf } from './logs.ts';
import { runPlan } from './run-plan.ts';

/**
 * What goes on beside the output until it is told to end; `up` stays for as long as it does. It tells which containers
 * it stops itself, to start them or others in their place: their end stops nothing else.
 */
export type Beside = (signal: AbortSignal, onReplace: (id: string) => void) => Promise<void>;

/** `up` that stays: output of all containers until they have ended or the user leaves. Resolves to the exit code. */
export function upAttached(compose: Compose, wished: Converge, parsed: Parsed, beside?: Beside): Promise<number> {
  return new AttachedUp(compose, wished, parsed, beside).run();
}

interface Shown {
  name: string;
  service: string;
  isRunning: boolean;
  isRestarted: boolean;
}

/** How long after a container was stopped its event may come. Milliseconds. */
const LATE_MS = 1000;

/** Interrupts: the first stops, the second kills. */
class AttachedUp {
  readonly #compose: Compose;
  readonly #wished: Converge;
  readonly #parsed: Parsed;
  readonly #beside: Beside | undefined;
  readonly #printer: LogPrinter;
  readonly #shown: Shown[];
  /** Attached for a start whose event is yet to be read. */
  readonly #awaited = new Set<string>();
  readonly #streams = new Map<string, Promise<void>>();
  readonly #running = new Set<string>();
  /** When each has ended last, as its event tells. */
  readonly #ended = new Map<string, string>();
  /** The engine's time of the last line of each that was read from its log. */
  readonly #lastLine = new Map<string, string>();
  /** Ids of those that end for others in their place, or to be started again: that is no end to speak of. */
  readonly #replaced = new Set<string>();
  readonly #events = new AbortController();
  readonly #leaving = new AbortController();
  #stopping = false;
  #interrupts = 0;
  #exitCode = 0;
  #hasCode = false;
  #failure: { error: unknown } | undefined;
  #stopped: Promise<void> | undefined;

  constructor(compose: Compose, wished: Converge, parsed: Parsed, beside: Beside | undefined) {
    this.#compose = compose;
    this.#beside = beside;
    this.#wished = wished;
    this.#parsed = parsed;
    this.#shown = this.#chosen();
    for (const { seen, action } of wished.decisions.containers)
      if (seen && ['replace', 'restart'].includes(action)) this.#replaced.add(seen.id);
    const names = this.#shown.map(({ name }) => this.#short(name));
    this.#printer = new LogPrinter(compose, {
      width: widthOf(compose, names),
      prefix: !parsed.flags.bool('no-log-prefix'),
      color: !parsed.flags.bool('no-color') && compose.ansi.out,
      timestamps: parsed.flags.bool('timestamps'),
    });
  }

  async run(): Promise<number> {
    const { context } = this.#compose;
    const onSignal = () => this.#interrupt();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
    const { events, first, opened } = this.#listen();
    try {
      await opened;
      const names = this.#shown.map(({ name }) => this.#short(name)).join(', ');
      let isSaid = false;
      const say = () => {
        if (!isSaid && names) context.out.write(`Attaching to ${names}\n`);
        isSaid = true;
      };
      if (!this.#compose.classic) say();
      await runPlan(this.#compose, this.#wished.operations, {
        notes: keptNotes(this.#wished),
        beforeStart: ({ container }) => this.#begin(container),
      });
      say();
      for (const { name, isRunning, isRestarted } of this.#shown) if (isRunning) await this.#attach(name, isRestarted);
      await this.#findRunning();
      const beside = this.#interrupts ? undefined : this.#startBeside();
      if (this.#running.size > 0 || beside) await this.#followToEnd(first, events);
      await this.#stopped;
      this.#leaving.abort();
      await beside;
      await Promise.all(this.#streams.values());
      if (this.#failure) throw this.#failure.error;
      return this.#finish();
    } finally {
      this.#events.abort();
      this.#leaving.abort();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    }
  }

  /** Events from now on; `opened` resolves when none of what is done next can be missed. */
  #listen() {
    let onOpen = () => {};
    const opening = new Promise<void>((resolve) => {
      onOpen = resolve;
    });
    const events = projectEvents(this.#compose, this.#wished.project.name, this.#events.signal, { onOpen });
    const first = events.next();
    // What goes wrong is said where events are read.
    const failed = first.catch(() => undefined);
    return { events, first, opened: Promise.race([opening, failed]) };
  }

  /** Before a container is started: however soon it ends, its end is among the events. */
  async #begin(name: string): Promise<void> {
    this.#running.add(name);
    await this.#attach(name, true);
  }

  /** Those that were not started here. */
  async #findRunning(): Promise<void> {
    const { decisions } = this.#wished;
    const restarted = new Set(decisions.containers.flatMap(({ name, action }) => (action === 'restart' ? name : [])));
    for (const { name } of runningAfter(decisions))
      if (restarted.has(name) || (await isUp(this.#compose.context.client, name))) this.#running.add(name);
  }

  /** When it fails, all is stopped, and its error is that of the command. */
  #startBeside(): Promise<void> | undefined {
    return this.#beside?.(this.#leaving.signal, (id) => this.#replaced.add(id)).catch((error: unknown) => {
      this.#failure = { error };
      this.#stop();
    });
  }

  /** Who was called off while starting has some that never ran, whose end is not told. */
  async #followToEnd(
    first: Promise<IteratorResult<ContainerEvent>>,
    rest: AsyncGenerator<ContainerEvent>,
  ): Promise<void> {
    const calledOff = this.#interrupts > 0;
    const ended = this.#follow(first, rest);
    if (!calledOff) return ended;
    ended.catch(() => undefined);
    await Promise.race([ended, this.#stopped?.then(() => delay(LATE_MS, undefined, { ref: false }))]);
  }

  /** Handles events until nothing of ours runs any more; what goes on beside may start it again. */
  async #follow(first: Promise<IteratorResult<ContainerEvent>>, rest: AsyncGenerator<ContainerEvent>): Promise<void> {
    for (let next = await first; !next.done; next = await rest.next()) {
      await this.#event(next.value);
      if (this.#running.size === 0 && (!this.#beside || this.#stopping)) return;
    }
  }

  async #event({ action, name, id, exitCode, service, time }: ContainerEvent): Promise<void> {
    const isOurs = runningAfter(this.#wished.decisions).some((one) => one.name === name);
    if (!isOurs) return;
    if (action === 'start') {
      this.#running.add(name);
      if (!this.#awaited.delete(name) && this.#isShown(name)) {
        await this.#streams.get(name);
        // It may have said something before its start was told; what it said before it ended is shown already.
        this.#again(name, id, this.#ended.get(name) ?? time);
      }
    }
    if (action !== 'die') return;
    this.#ended.set(name, time);
    if (this.#replaced.delete(id)) return;
    await this.#streams.get(name);
    if (this.#isShown(name))
      this.#printer.say(name, `${this.#compose.classic ? name : this.#short(name)} exited with code ${exitCode}`);
    if (await isRestarting(this.#compose.context.client, id, Number(time))) return;
    this.#running.delete(name);
    this.#cascade(name, service, exitCode);
  }

  /** One that has ended may take all others along. */
  #cascade(name: string, service: string, exitCode: number): void {
    const { flags } = this.#parsed;
    const from = flags.string('exit-code-from');
    // Also when another one has ended before it, and it was stopped for that.
    if (from === service && !this.#hasCode && !this.#interrupts) {
      this.#exitCode = exitCode;
      this.#hasCode = true;
    }
    const isAbort = flags.bool('abort-on-container-failure')
      ? exitCode !== 0
      : flags.bool('abort-on-container-exit') || from !== '';
    if (!isAbort || this.#stopping) return;
    if (from === '') this.#exitCode = exitCode;
    if (!this.#compose.classic) this.#compose.context.err.write('Aborting on container exit...\n');
    this.#stop(name);
  }

  #interrupt(): void {
    this.#interrupts++;
    const { err } = this.#compose.context;
    if (this.#interrupts === 1) {
      this.#exitCode ||= 130;
      err.write('Gracefully stopping... (press Ctrl+C again to force)\n');
      this.#stop();
    } else if (this.#interrupts === 2) void this.#kill();
    else process.exit(130);
  }

  #stop(except = ''): void {
    this.#stopping = true;
    this.#leaving.abort();
    this.#stopped ??= this.#stopAll(except).catch((error: unknown) => warn(this.#compose, describeError(error)));
  }

  async #stopAll(except: string): Promise<void> {
    const { client } = this.#compose.context;
    const names = new Set(runningAfter(this.#wished.decisions).map(({ name }) => name));
    const seen = await observeContainers(client, this.#wished.project.name);
    const ours = seen.filter(
      ({ name, state }) => names.has(name) && name !== except && ['running', 'restarting', 'paused'].includes(state),
    );
    const timeout = this.#parsed.flags.changed('timeout') ? this.#parsed.flags.number('timeout') : undefined;
    await runPlan(this.#compose, planStop(ours, this.#wished.project, timeout));
    if (this.#running.size === 0) this.#events.abort();
  }

  async #kill(): Promise<void> {
    const { client } = this.#compose.context;
    const seen = await observeContainers(client, this.#wished.project.name);
    const running = seen.filter(({ state, name }) => state === 'running' && this.#running.has(name));
    await runPlan(
      this.#compose,
      planEach(running, ['Killing', 'Killed'], ({ id }) => ({
        kind: 'kill-container',
        container: id,
        signal: 'SIGKILL',
      })),
    ).catch(() => undefined);
  }

  async #attach(name: string, isBeforeStart: boolean): Promise<void> {
    if (!this.#isShown(name) || this.#streams.has(name)) return;
    if (isBeforeStart) this.#awaited.add(name);
    const { client } = this.#compose.context;
    const stream = await attachContainer(client, name, {
      stream: true,
      stdin: false,
      stdout: true,
      stderr: true,
      logs: false,
      detachKeys: '',
    });
    this.#streams.set(name, this.#pump(name, stream));
  }

  async #pump(name: string, stream: HijackedStream): Promise<void> {
    const service = this.#shown.find((one) => one.name === name)?.service ?? '';
    const source = this.#printer.source(this.#short(name), this.#wished.project.services[service]?.tty ?? false);
    try {
      await stream.receive((chunk) => source.push(chunk));
    } catch (error) {
      warn(this.#compose, `output of ${name}: ${describeError(error)}`);
    }
    source.end();
  }

  /** Output of a container that was started again. A log that is followed may reach into the next run: none is shown twice. */
  #again(name: string, id: string, since: string): void {
    const options = { follow: true, timestamps: true, since, until: '', tail: 'all' };
    const times = { after: this.#lastLine.get(name) ?? '', seen: (time: string) => this.#lastLine.set(name, time) };
    this.#streams.set(
      name,
      showLogs(this.#compose, this.#printer, id, this.#short(name), options, times).catch(() => undefined),
    );
  }

  #finish(): number {
    const { flags } = this.#parsed;
    if (this.#compose.classic && this.#interrupts) return 0;
    if (
      flags.bool('abort-on-container-exit') ||
      flags.bool('abort-on-container-failure') ||
      flags.string('exit-code-from') ||
      this.#interrupts
    )
      return this.#exitCode;
    return 0;
  }

  #isShown(name: string): boolean {
    return this.#shown.some((one) => one.name === name);
  }

  #short(name: string): string {
    return shortName(name, this.#wished.project.name);
  }

  /** The containers whose output is wished. */
  #chosen(): Shown[] {
    const { flags, args } = this.#parsed;
    const { project, decisions } = this.#wished;
    const wished = flags.list('attach');
    const not = new Set(flags.list('no-attach'));
    const isWished = (service: string) => {
      if (wished.length) return wished.includes(service);
      return args.length === 0 || args.includes(service) || flags.bool('attach-dependencies');
    };
    return runningAfter(decisions)
      .filter(({ service }) => isWished(service) && !not.has(service) && project.services[service]?.attach !== false)
      .map(({ name, service, seen }) => ({
        name,
        service,
        isRunning: seen !== undefined,
        isRestarted: decisions.containers.some((one) => one.name === name && one.action === 'restart'),
      }));
  }
}

async function isUp(client: EngineClient, container: string): Promise<boolean> {
  const { State } = await inspectContainer(client, container);
  return State.Running || State.Restarting;
}

/** True also when it has been started since `ended`, in seconds since the epoch: events lag behind what is. */
async function isRestarting(client: EngineClient, container: string, ended: number): Promise<boolean> {
  try {
    const { State } = await inspectContainer(client, container);
    return State.Running || State.Restarting || Date.parse(State.StartedAt) / 1000 > ended;
  } catch {
    return false; // it is gone
  }
}
