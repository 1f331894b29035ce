import { claimBlob, findBlob, unlinkBlob } from '../content/blobs.ts';
import type { ContentDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { sendEmpty } from '../http/send.ts';
import { KEYS } from '../storage/keys.ts';
import { openSender } from '../storage/sender.ts';
import type { ApiContext } from './context.ts';
import { readRange } from './range.ts';

/** GET and HEAD, whole or in part. Errors: BLOB_UNKNOWN; 416. */
export function getBlob({ store }: ApiContext, name: string, digest: ContentDigest) {
  return async ({ message, answer }: Exchange): Promise<void> => {
    const isHead = message.method === 'HEAD';
    // Who only asks whether it is there may leave out the upload and push a manifest with it.
    const size = await (isHead ? claimBlob : findBlob)(store, name, digest);
    if (size === undefined) throw unknown(name, digest);
    const headers = {
      'accept-ranges': 'bytes',
      'cache-control': 'max-age=31536000',
      'content-type': 'application/octet-stream',
      'docker-content-digest': digest,
      etag: `"${digest}"`,
    };
    if (hasEtag(message.headers['if-none-match'], digest)) {
      answer.writeHead(304, headers).end();
      return;
    }
    const range = isHead ? undefined : readRange(message.headers.range, size);
    if (range === 'none')
      throw new RegistryError('SIZE_INVALID', `the blob has ${size} bytes`, {
        status: 416,
        headers: { 'content-range': `bytes */${size}` },
      });
    if (range) {
      answer.setHeader('content-range', `bytes ${range.start}-${range.end}/${size}`);
      answer.setHeader('content-length', range.end - range.start + 1);
    } else answer.setHeader('content-length', size);
    if (isHead || size === 0) {
      answer.writeHead(200, headers).end();
      return;
    }
    const content = await openSender(store.driver, KEYS.content(digest), range ?? { start: 0, end: size - 1 });
    if (!content) throw unknown(name, digest);
    try {
      answer.writeHead(range ? 206 : 200, headers);
      await content.sendTo(answer);
    } finally {
      await content.close(); // also when the client was gone before anything was sent
    }
  };
}

/**
 * Takes a blob from a repository. One that a manifest of the repository points at stays: without it the image could not
 * be pulled any more. Errors: BLOB_UNKNOWN, UNSUPPORTED.
 */
export function deleteBlob({ store, deletes }: ApiContext, name: string, digest: ContentDigest) {
  return async ({ answer }: Exchange): Promise<void> => {
    if (!deletes) throw new RegistryError('UNSUPPORTED', 'nothing can be deleted from this registry');
    if ((await findBlob(store, name, digest)) === undefined) throw unknown(name, digest);
    const { usedBy } = await unlinkBlob(store, name, digest);
    if (usedBy !== undefined)
      throw new RegistryError('UNSUPPORTED', `the blob is in use by the manifest ${usedBy}: delete that first`, {
        detail: { manifest: usedBy },
      });
    sendEmpty(answer, 202);
  };
}

/** True when `If-None-Match` names this content. */
export function hasEtag(header: string | undefined, digest: ContentDigest): boolean {
  const tags = header?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes('*') || tags.includes(`"${digest}"`) || tags.includes(digest);
}

function unknown(name: string, digest: ContentDigest): RegistryError {
  return new RegistryError('BLOB_UNKNOWN', `${name} has no blob ${digest}`, { detail: { digest } });
}
