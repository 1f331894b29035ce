import { Readable } from 'node:stream';
import { KeyedLock } from '@berth/kit';
import { isObject } from '@berth/oci';
import type { StorageDriver } from '../driver.ts';
import { type Bucket, openBucket } from './bucket.ts';
import {
  decodePartList,
  encodePartList,
  isId,
  PART_LIST_LIMIT,
  PART_LIST_TYPE,
  PARTS,
  type PartList,
  partKey,
  STAGES,
  stageKey,
} from './part-list.ts';
import { ended, readParts, readWhole } from './read-parts.ts';
import { type Begun, S3Stage } from './s3-stage.ts';
import { checkS3Settings, type S3Settings } from './settings.ts';

const STAGE_TYPE = 'application/json';
const OBJECT_TYPE = 'application/octet-stream';

/**
 * Objects in a bucket. Small ones are objects under their key; blobs are lists of parts, see `PartList`. A mark
 * `stages/ID` is there as long as parts may be without a list, so that a crash leaves nothing unknown: it says which
 * key the parts go to, or are taken from. Errors: invalid settings; unavailable, when there is no such bucket.
 */
export async function openS3(settings: S3Settings): Promise<StorageDriver> {
  const checked = checkS3Settings(settings);
  const bucket = openBucket(checked);
  await bucket.check();
  return createDriver(bucket, checked.partSize);
}

function createDriver(bucket: Bucket, partSize: number): StorageDriver {
  const content = createContent(bucket);
  const stage = (id: string, begun?: Begun) =>
    new S3Stage({ bucket, id, partSize, promote: content.promote, discard: content.discard }, begun);
  return {
    read: async (key, limit) => {
      const found = await content.find(key);
      if (found === undefined) return undefined;
      if ('response' in found) return readWhole(found.response, limit, key);
      const { list } = found;
      if (list.size > limit) throw new Error(`${key} has ${list.size} bytes, more than the ${limit} allowed here`);
      return Buffer.concat(await all(content.openParts(list, { start: 0, end: list.size - 1 })));
    },
    write: (key, bytes) => bucket.put(key, bytes, OBJECT_TYPE),
    remove: content.remove,
    stat: async (key) => {
      const found = await content.find(key);
      if (found === undefined) return undefined;
      if ('list' in found) return { size: found.list.size, modified: found.modified };
      await found.response.body?.cancel();
      return { size: Number(found.response.headers.get('content-length') ?? 0), modified: found.modified };
    },
    open: async (key, range) => {
      const found = await content.find(key);
      if (found === undefined) return undefined;
      if ('list' in found) return content.openParts(found.list, range ?? { start: 0, end: found.list.size - 1 });
      if (range === undefined) return toStream(found.response);
      await found.response.body?.cancel();
      const part = await bucket.get(key, range);
      return part && toStream(part);
    },
    async *children(prefix) {
      for await (const { key } of bucket.list(prefix, false)) yield key.slice(prefix.length);
    },
    stage: async (id) => {
      await bucket.put(stageKey(checkId(id)), Buffer.from('{}'), STAGE_TYPE);
      return stage(id);
    },
    reopen: async (id) => {
      if (await content.isOver(checkId(id))) return undefined;
      const begun = await findParts(bucket, id, partSize);
      // Parts of another size than is set now are no beginning: the upload starts anew.
      if (begun === undefined) await content.removeParts(id);
      return stage(id, begun);
    },
    async *stages() {
      for await (const { key, modified } of bucket.list(STAGES, false)) {
        const id = key.slice(STAGES.length);
        if (!isId(id) || (await content.isOver(id))) continue;
        const parts = await all(bucket.list(`${PARTS}${id}/`, true));
        const size = parts.reduce((sum, part) => sum + part.size, 0);
        yield { id, size, modified: Math.max(modified, ...parts.map((part) => part.modified)) };
      }
    },
    close: async () => content.settled(),
  };
}

type Found = { list: PartList; modified: number } | { response: Response; modified: number };

/** Lists of parts, and the parts that readers still need although their list is gone. */
function createContent(bucket: Bucket) {
  const lock = new KeyedLock();
  const readers = new Map<string, Set<Readable>>();
  const removals = new Set<Promise<void>>();

  const find = async (key: string): Promise<Found | undefined> => {
    const response = await bucket.get(key);
    if (response === undefined) return undefined;
    const modified = Date.parse(response.headers.get('last-modified') ?? '') || 0;
    if (response.headers.get('content-type') !== PART_LIST_TYPE) return { response, modified };
    return { list: decodePartList(await readWhole(response, PART_LIST_LIMIT, key), key), modified };
  };
  const listAt = async (key: string): Promise<PartList | undefined> => {
    const found = await find(key);
    if (found === undefined || 'list' in found) return found?.list;
    await found.response.body?.cancel();
    return undefined;
  };
  /** The last first: what a crash leaves is a beginning. */
  const removeParts = async (id: string) => {
    const parts = await all(bucket.list(`${PARTS}${id}/`, true));
    for (const { key } of parts.reverse()) await bucket.remove(key);
  };
  const removeStage = async (id: string) => {
    await removeParts(id);
    await bucket.remove(stageKey(id));
  };
  const mark = (id: string, key: string) => bucket.put(stageKey(id), Buffer.from(JSON.stringify({ key })), STAGE_TYPE);
  /** Whether the parts of a stage belong to an object, and the mark was only left behind; then it is removed. */
  const isOver = async (id: string): Promise<boolean> => {
    const response = await bucket.get(stageKey(id));
    if (response === undefined) return true;
    const value: unknown = JSON.parse((await readWhole(response, PART_LIST_LIMIT, stageKey(id))).toString('utf8'));
    const key = isObject(value) ? value['key'] : undefined;
    if (typeof key !== 'string') return false;
    return lock.run(key, async () => {
      if ((await listAt(key))?.id !== id) return false;
      await bucket.remove(stageKey(id));
      return true;
    });
  };

  return {
    find,
    isOver,
    removeParts,
    openParts: (list: PartList, range: { start: number; end: number }): Readable => {
      const stream = readParts(bucket, list, range);
      const open = readers.get(list.id) ?? new Set();
      readers.set(list.id, open.add(stream));
      stream.once('close', () => {
        open.delete(stream);
        if (open.size === 0) readers.delete(list.id);
      });
      return stream;
    },
    promote: (list: PartList, key: string) =>
      lock.run(key, async () => {
        if ((await listAt(key)) !== undefined) {
          await removeStage(list.id);
          return;
        }
        await mark(list.id, key);
        await bucket.put(key, encodePartList(list), PART_LIST_TYPE);
        await bucket.remove(stageKey(list.id));
      }),
    discard: async (id: string) => {
      if (!(await isOver(id))) await removeStage(id);
    },
    remove: (key: string) =>
      lock.run(key, async () => {
        const list = await listAt(key);
        if (list !== undefined) await mark(list.id, key);
        await bucket.remove(key);
        if (list === undefined) return;
        const open = [...(readers.get(list.id) ?? [])];
        if (open.length === 0) return removeStage(list.id);
        // Whoever reads goes on to the end; the mark stays until then.
        const removal = Promise.all(open.map(ended)).then(() => removeStage(list.id));
        removals.add(removal);
        removal.catch(() => undefined).finally(() => removals.delete(removal));
      }),
    settled: async () => {
      await Promise.allSettled(removals);
    },
  };
}

/** Whole parts, and the bytes of the last one when it is not; undefined when they cannot be of one stage. */
async function findParts(bucket: Bucket, id: string, partSize: number): Promise<Begun | undefined> {
  let parts = 0;
  for await (const { key, size } of bucket.list(`${PARTS}${id}/`, true)) {
    if (key !== partKey(id, parts)) return undefined;
    if (size > partSize) return undefined;
    if (size < partSize) {
      const response = await bucket.get(key);
      return response && { parts, rest: await readWhole(response, partSize, key) };
    }
    parts++;
  }
  return { parts, rest: new Uint8Array() };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function toStream(response: Response): Readable {
  return response.body === null ? Readable.from([]) : Readable.fromWeb(response.body);
}

function checkId(id: string): string {
  if (!isId(id)) throw new Error(`not an id: ${JSON.stringify(id.slice(0, 100))}`);
  return id;
}
