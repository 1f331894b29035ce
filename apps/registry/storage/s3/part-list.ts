import { isObject } from '@berth/oci';

/**
 * What lies under the key of a blob: its parts are objects of their own, written while it came in. So nothing is ever
 * copied or renamed, which S3 cannot do; an upload can be read, and goes on after a restart, which S3's own multipart
 * uploads cannot.
 */
export interface PartList {
  /** Id of the stage that wrote the parts: they are `parts/ID/000000`, `parts/ID/000001`, … */
  id: string;
  /** Bytes of all. */
  size: number;
  /** Bytes of each but the last. */
  partSize: number;
}

export const PART_LIST_TYPE = 'application/vnd.berth.registry.parts.v1+json';
/** Longest list in bytes. */
export const PART_LIST_LIMIT = 4096;

export const PARTS = 'parts/';
export const STAGES = 'stages/';

export const partKey = (id: string, index: number) => `${PARTS}${id}/${String(index).padStart(6, '0')}`;
export const stageKey = (id: string) => `${STAGES}${id}`;

export function encodePartList(list: PartList): Buffer {
  return Buffer.from(JSON.stringify(list));
}

/** Throws when it is no list: then somebody else wrote into the bucket. */
export function decodePartList(bytes: Uint8Array, key: string): PartList {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  if (isObject(value)) {
    const { id, size, partSize } = value;
    if (typeof id === 'string' && isId(id) && isCount(size) && isCount(partSize) && partSize > 0)
      return { id, size, partSize };
  }
  throw new Error(`the object ${key} is no list of parts`);
}

export function isId(text: string): boolean {
  return /^[0-9a-f-]{8,64}$/.test(text);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
