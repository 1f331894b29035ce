import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kit';
import type { Digest } from '@berth/oci';
import { createWorkerPool } from '../../archives/index.ts';
import type { StepLayer } from '../../containers/index.ts';
import type { ImageDrafts, LayerBlob } from '../../images/index.ts';
import type { Forbidden, Found } from './find-secret.ts';
import { packItems } from './pack-items.ts';
import type {
  BuildAnswer,
  BuildJob,
  CopyOwner,
  CopySource,
  FromBuildWorker,
  Layers,
  PackedSource,
  SealedLayer,
  TreeEntry,
  Upper,
} from './protocol.ts';

type CopyJob = BuildJob & { kind: 'copy' };
/** What a copy is about, without where its layer is put together. */
export type CopyRequest = Omit<CopyJob, 'kind' | 'sources' | keyof Upper | keyof Layers> & {
  sources: readonly CopySource[];
};

/** A layer that was added to the store; undefined: nothing changed. */
export type NewLayer = { blob: LayerBlob; diffId: Digest; size: number } | undefined;

/** What a new layer comes on top of, and what must not be in it. */
export interface Below {
  /** Absolute directories of the image's layers, topmost first. */
  layers: readonly string[];
  forbidden: readonly Forbidden[];
  leaked(found: Found): BerthError;
}

/** Work on files of images, on threads of its own. Errors: invalid, internal; canceled when the engine ends. */
export interface FileWork {
  copy(below: Below, request: CopyRequest): Promise<NewLayer>;
  makeDirectory(below: Below, path: string, owner: CopyOwner): Promise<NewLayer>;
  /** Makes one layer of several, lowest first. */
  merge(below: Below, archives: (BuildJob & { kind: 'merge' })['archives']): Promise<NewLayer>;
  /** Takes a container's own layer over; its upper directory is moved away. */
  seal(below: Below, layer: StepLayer & { targets: readonly string[] }): Promise<NewLayer>;
  /** Layers as jobs name them. */
  layersOf(image: readonly string[]): Layers;
  scan(image: readonly string[], path: string, options: { followLast: boolean; deep: boolean }): Promise<TreeEntry[]>;
  /** Writes files into an empty directory below the data root. */
  writeTree(directory: string, sources: CopySource[]): Promise<void>;
  /** Starts a thread if none is there, so that the first job does not wait for it. */
  warm(): void;
  close(): Promise<void>;
}

const MAX_WORKERS = 4;
const IDLE_MS = 30_000;

export function createFileWork(dataRoot: string, drafts: ImageDrafts): FileWork {
  const pool = createWorkerPool({
    script: new URL('./worker.ts', import.meta.url),
    maxWorkers: MAX_WORKERS,
    idleMs: IDLE_MS,
  });
  const run = async (job: BuildJob): Promise<BuildAnswer> => {
    const reply = await pool.lend((worker) => ask(worker, job));
    if (reply.ok) return reply.value;
    throw new BerthError(reply.code, reply.message, reply.hint === undefined ? {} : { hint: reply.hint });
  };
  const layersOf = (below: readonly string[]): Layers => ({
    dataRoot,
    lower: below.map((path) => relative(dataRoot, path)),
  });
  /** Not on the event loop, and nobody waits for it; what is not removed then is at the next start. */
  const discard = (paths: string[]) => void run({ kind: 'remove', paths }).catch(() => undefined);
  const layer = async (
    { layers, forbidden, leaked }: Below,
    make: (place: Layers & Upper, path: string) => Promise<BuildAnswer>,
    hasForeignOwners = false,
  ): Promise<NewLayer> => {
    const { name, path } = drafts.newLayer();
    const archive = drafts.newArchive();
    const work = `${archive}.work`;
    let taken = false;
    try {
      mkdirSync(work, { mode: 0o700 });
      const [upper, workBelow] = [path, work].map((full) => relative(dataRoot, full)) as [string, string];
      const place = { ...layersOf(layers), upper, work: workBelow, archive, forbidden: [...forbidden] };
      const sealed = (await make(place, path)) as SealedLayer;
      if (sealed.isEmpty) return undefined;
      if (sealed.secret) throw leaked(sealed.secret);
      const { diffId, archiveSize, size } = sealed;
      const added = { diffId, archive, archiveSize, directory: name, size, hasForeignOwners };
      const { blob, left } = await drafts.addLayer(added);
      taken = true;
      if (left.length > 0) discard(left);
      return { blob, diffId, size };
    } finally {
      if (!taken) await Promise.all([drafts.discardLayer(name), rm(archive, { force: true })]);
      rmSync(work, { recursive: true, force: true }); // two directories with nothing in them
    }
  };
  return {
    copy: (below, request) =>
      layer(below, (place) => run({ kind: 'copy', ...request, ...place, sources: packed(request.sources) })),
    makeDirectory: (below, path, owner) => layer(below, (place) => run({ kind: 'directory', path, owner, ...place })),
    merge: (below, archives) => layer(below, (place) => run({ kind: 'merge', archives, ...place })),
    seal: (below, { upper, placeholders, targets, owners }) => {
      const take = (place: Layers & Upper, path: string) => {
        renameSync(upper, path); // takes the place of the empty one
        return run({ kind: 'seal', placeholders: [...placeholders], targets: [...targets], owners, ...place });
      };
      return layer(below, take, owners !== undefined);
    },
    layersOf,
    scan: async (image, path, options) =>
      (await run({ kind: 'scan', ...layersOf(image), path, ...options })) as TreeEntry[],
    writeTree: async (directory, sources) => {
      await run({
        kind: 'tree',
        dataRoot,
        lower: [],
        directory: relative(dataRoot, directory),
        sources: packed(sources),
      });
    },
    warm: () => void pool.lend(async () => undefined).catch(() => undefined),
    close: () => pool.close(),
  };
}

function packed(sources: readonly CopySource[]): PackedSource[] {
  return sources.map(({ origin, items }) => ({ origin, items: packItems(items) }));
}

function ask(worker: Worker, job: BuildJob): Promise<FromBuildWorker> {
  const { promise, resolve, reject } = Promise.withResolvers<FromBuildWorker>();
  const ended = () => reject(new BerthError('canceled', 'the worker was ended'));
  const failed = (cause: unknown) => reject(new BerthError('internal', 'a worker failed', { cause }));
  worker.once('exit', ended).once('error', failed).once('message', resolve);
  worker.postMessage(job);
  return promise.finally(() => worker.off('exit', ended).off('error', failed).off('message', resolve));
}
