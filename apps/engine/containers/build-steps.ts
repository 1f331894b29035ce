import { BerthError } from '@berth/kit';
import { type Context, inBackground, pathsOf } from './context.ts';
import { create } from './create.ts';
import { PLACEHOLDERS } from './files/open-view.ts';
import type { ContainerRecord } from './model.ts';
import type { RemapRecord } from './remap/remap.ts';
import { remove } from './remove.ts';
import { monitorOutput } from './run/monitor-output.ts';
import { STDCOPY_HEADER } from './run/stdcopy.ts';
import type { CreateBody } from './service.ts';
import { hiddenEnvironment } from './spec/hidden-environment.ts';
import { startLocked } from './start.ts';
import { isActive, killRecord } from './stop.ts';

/** An instruction of a build to be run in a container of its own. */
export interface StepRequest {
  /** As for create; `HostConfig.AutoRemove` and `LogConfig` are the engine's. */
  body: CreateBody;
  /** Variables that no record, inspection or event tells. */
  hiddenEnvironment: readonly string[];
  /** One whose program failed stays, as an ordinary container. */
  keepFailed: boolean;
  signal: AbortSignal;
  onCreated(id: string): void;
  onOutput(stream: 1 | 2, bytes: Buffer): void;
  /** Called after exit code 0, when nothing is mounted any more: the container's own layer may be moved away. */
  take(layer: StepLayer): Promise<void>;
}

export interface StepLayer {
  /** Upper directory of overlayfs. */
  upper: string;
  /** What the runtime made there to mount on, absolute paths. */
  placeholders: readonly string[];
  /** Its owners are those of a user namespace. */
  owners: RemapRecord | undefined;
}

export interface StepResult {
  id: string;
  exitCode: number;
}

/** What builds ask of containers. */
export interface BuildSteps {
  /**
   * Runs a program and hands over what it changed; the container is removed in any case. Errors: those of create and
   * start; canceled.
   */
  run(request: StepRequest): Promise<StepResult>;
}

export function buildSteps(context: Context): BuildSteps {
  return { run: (request) => runStep(context, request) };
}

/** Those of builds that an engine before this one began. */
export async function endBuildSteps(context: Context): Promise<void> {
  const left = [...context.store.all()].filter(({ spec }) => spec.buildStep);
  await Promise.all(left.map(({ id }) => removeStep(context, id)));
}

async function runStep(context: Context, request: StepRequest): Promise<StepResult> {
  const { Id: id } = await create(context)(stepBody(request.body), {
    name: undefined,
    platform: undefined,
    buildStep: true,
  });
  let isKept = false;
  try {
    request.onCreated(id);
    request.signal.throwIfAborted();
    if (request.hiddenEnvironment.length > 0) hiddenEnvironment.set(id, request.hiddenEnvironment);
    // Not to be removed at its end: its layer is wanted.
    context.keepOnce.add(id);
    const exitCode = await startAndWait(context, id, request);
    if (exitCode === 0) await context.lock.run(id, () => handOver(context, id, request));
    else if (request.keepFailed) isKept = await context.lock.run(id, () => keep(context, id));
    return { id, exitCode };
  } catch (error) {
    if (request.signal.aborted) throw new BerthError('canceled', 'the build was canceled', { cause: error });
    throw error;
  } finally {
    hiddenEnvironment.delete(id);
    context.keepOnce.delete(id);
    if (!isKept) await removeStep(context, id);
  }
}

/** Makes an ordinary container of a step's that has ended. False when somebody removed it. */
function keep(context: Context, id: string): boolean {
  const record = context.store.get(id);
  if (!record) return false;
  const { buildStep: _, ...spec } = record.spec;
  context.store.save({ ...record, spec: { ...spec, hostConfig: { ...spec.hostConfig, AutoRemove: false } } });
  return true;
}

/** `AutoRemove` makes its layer volatile: nothing is synced but by who takes it. */
function stepBody(body: CreateBody): CreateBody {
  const host = body['HostConfig'] as Record<string, unknown> | undefined;
  return { ...body, HostConfig: { ...host, AutoRemove: true, LogConfig: { Type: 'none', Config: {} } } };
}

async function startAndWait(context: Context, id: string, { signal, onOutput }: StepRequest): Promise<number> {
  const record = context.store.get(id)!;
  const live = context.live.of(id);
  const ended = new AbortController();
  live.onEnded(() => ended.abort());
  const output = monitorOutput(context, record, { stdout: true, stderr: true, ended: ended.signal });
  const reading = read(output, onOutput);
  const exit = live.nextExit();
  exit.catch(() => undefined);
  const kill = () =>
    inBackground(context, `end build step ${id}`, async () => {
      const now = context.store.get(id);
      if (now && isActive(now)) await killRecord(context, now);
    });
  try {
    await context.lock.run(id, () => startLocked(context, id));
    signal.addEventListener('abort', kill);
    if (signal.aborted) kill();
    const { StatusCode } = await exit;
    await reading;
    signal.throwIfAborted();
    return StatusCode;
  } finally {
    signal.removeEventListener('abort', kill);
    ended.abort();
  }
}

async function read(output: AsyncIterable<Buffer>, onOutput: StepRequest['onOutput']): Promise<void> {
  for await (const frame of output) onOutput(frame[0] === 2 ? 2 : 1, frame.subarray(STDCOPY_HEADER));
}

async function handOver(context: Context, id: string, { take }: StepRequest): Promise<void> {
  const record = context.store.get(id);
  if (!record) throw new BerthError('conflict', `build step ${id} was removed from outside`);
  await context.live.of(id).released;
  await take({ ...layerOf(context, record), placeholders: PLACEHOLDERS });
}

function layerOf(context: Context, record: ContainerRecord): Pick<StepLayer, 'upper' | 'owners'> {
  return { upper: pathsOf(context.config, record.id).upper, owners: record.spec.remap };
}

async function removeStep(context: Context, id: string): Promise<void> {
  if (!context.store.get(id)) return;
  await remove(context)(id, { force: true, volumes: true, link: false });
}
