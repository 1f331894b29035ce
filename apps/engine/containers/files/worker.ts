import { type MessagePort, parentPort } from 'node:worker_threads';
import { BerthError, errnoOf } from '@berth/kit';
import { TarParser } from '@berth/oci';
import {
  compareLayer,
  describeArchiveError,
  feedPort,
  RingReader,
  TreeReader,
  TreeWriter,
} from '../../archives/index.ts';
import { changeDirectory } from '../../linux/chroot.ts';
import { closeForeign } from '../../linux/close.ts';
import { detachThreadMounts } from '../../linux/thread-mounts.ts';
import { resolveUser } from '../parse/user.ts';
import { enterView, forgetVolatile } from './enter-view.ts';
import { findFile, openDirectory, readSmallFile } from './find-file.ts';
import type { FileAnswer, FileJob, FromFileWorker } from './protocol.ts';

/**
 * Worker thread that looks into containers, one job at a time, with the container's files as its root. Everything that
 * touches them is synchronous and so runs on this thread; no program and no library of a container is ever loaded.
 */
const mounts = detachThreadMounts();
const engine = parentPort!;
const say = (message: FromFileWorker) => engine.postMessage(message);

engine.on('message', (job: FileJob) => void serve(job));

async function serve(job: FileJob): Promise<void> {
  let answered = false;
  const answer = (value?: FileAnswer) => {
    answered = true;
    say({ kind: 'answer', ok: true, value });
  };
  try {
    enterView(mounts, job.view, { writable: job.kind === 'write' });
    await work(job, answer);
  } catch (error) {
    if (!answered) say({ kind: 'answer', ok: false, ...told(error) });
  } finally {
    mounts.leave();
    if (job.view.kind === 'layers') forgetVolatile(job.view);
    say({ kind: 'left' });
  }
}

async function work(job: FileJob, answer: (value?: FileAnswer) => void): Promise<void> {
  switch (job.kind) {
    case 'stat':
      answer(findFile(job.path).stat);
      return;
    case 'read': {
      const { stat, isDirectory, base } = findFile(job.path);
      const name = Buffer.from(base);
      answer(stat);
      const reader = new TreeReader({
        only: isDirectory ? undefined : name,
        as: name,
        wholeSeconds: true,
        owners: job.owners,
      });
      return send(reader, job.port);
    }
    case 'write':
      write(job);
      answer();
      return;
    case 'export':
      answer();
      return send(new TreeReader({ only: undefined, as: Buffer.alloc(0), owners: job.owners }), job.port);
    case 'changes':
      answer(compareLayer(new Set(job.placeholders), job.owners).changes);
      return;
    case 'layer': {
      const { same } = compareLayer(new Set(job.placeholders), job.owners);
      answer();
      const { owners } = job;
      const options = {
        only: undefined,
        as: Buffer.alloc(0),
        layer: true,
        owners,
        skips: (name: string) => same.has(name),
      };
      return send(new TreeReader(options), job.port);
    }
  }
}

/** Resolves when the last piece is on its way, or nobody wants more. */
async function send(reader: TreeReader, port: MessagePort): Promise<void> {
  async function* pieces() {
    try {
      yield* reader.read();
    } catch (error) {
      const { code, message } = told(error);
      throw new BerthError(code, message, { cause: error });
    }
  }
  await feedPort(pieces(), port, { owned: true });
}

function write(job: FileJob & { kind: 'write' }): void {
  const input = new RingReader(job.ring);
  let writer: TreeWriter | undefined;
  let place = job.path;
  try {
    const directory = openDirectory(job.path);
    try {
      place = mounts.pathOf(directory);
      refuseReadOnly(job, place);
      changeDirectory(directory);
    } finally {
      closeForeign(directory);
    }
    writer = new TreeWriter({
      limits: { maxBytes: Number.MAX_SAFE_INTEGER, maxEntries: Number.MAX_SAFE_INTEGER },
      subject: 'archive',
      base: './',
      owner: job.user === '' ? undefined : ownerOf(job.user),
      owners: job.owners,
      keepKinds: job.keepKinds ? place : undefined,
    });
    const parser = new TarParser();
    for (const piece of input.read()) for (const event of parser.push(piece)) writer.take(event);
    parser.finish();
    writer.finish();
  } catch (error) {
    throw describeWriteError(error, place);
  } finally {
    writer?.abort();
    input.close();
  }
}

const ACCOUNTS_MAX = 10 * 1024 * 1024;

function ownerOf(user: string): { uid: number; gid: number } {
  const accounts = (name: string) => readSmallFile(`/etc/${name}`, ACCOUNTS_MAX);
  const { uid, gid } = resolveUser(user, accounts('passwd'), accounts('group'), []);
  return { uid, gid };
}

/** Docker's own check: what is not in a mount is of the root. The kernel refuses it as well, in less friendly words. */
function refuseReadOnly({ mounts: targets, readOnlyRoot }: FileJob & { kind: 'write' }, place: string): void {
  const isIn = (target: string) => place === target || place.startsWith(`${target.replace(/\/$/, '')}/`);
  const within = targets.filter(({ target }) => isIn(target)).sort((a, b) => b.target.length - a.target.length)[0];
  if (within?.readOnly) throw new BerthError('invalid', 'mounted volume is marked read-only');
  if (within === undefined && readOnlyRoot) throw new BerthError('invalid', 'container rootfs is marked read-only');
}

function told(error: unknown): Pick<BerthError, 'code' | 'message' | 'hint'> {
  if (error instanceof BerthError) return { code: error.code, message: error.message, hint: error.hint };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, hint: undefined };
}

/** Go's words for what the container's files are to blame for: what is mounted there cannot be replaced. */
function describeWriteError(error: unknown, place: string): unknown {
  const reason = { EBUSY: 'device or resource busy', EROFS: 'read-only file system' }[errnoOf(error) ?? ''];
  if (reason === undefined || !(error instanceof Error)) return describeArchiveError('archive', error);
  const { path, syscall } = error as NodeJS.ErrnoException;
  const file = `${place.replace(/\/$/, '')}/${String(path ?? '').replace(/^\.\//, '')}`;
  const call = syscall === 'unlink' || syscall === 'rm' ? 'unlinkat' : (syscall ?? 'write');
  return new BerthError('conflict', `${call} ${file}: ${reason}`, { cause: error });
}
