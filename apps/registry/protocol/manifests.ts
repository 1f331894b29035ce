import { MANIFEST_LIMIT } from '@berth/oci';
import { deleteManifest, deleteTag, findManifest, manifestBytes, putManifest } from '../content/manifests.ts';
import { readDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { sendBytes, sendEmpty } from '../http/send.ts';
import { isTag, type ManifestReference } from '../names.ts';
import { hasEtag } from './blobs.ts';
import type { ApiContext } from './context.ts';

const TAGS_MAX = 100;

/** GET and HEAD: the bytes as they were pushed. Errors: MANIFEST_UNKNOWN. */
export function getManifest({ store }: ApiContext, name: string, reference: ManifestReference) {
  return async ({ message, answer }: Exchange): Promise<void> => {
    const { digest, record } = await findManifest(store, name, reference);
    // Who asks for it by digest may point at it next, from an index.
    if ('digest' in reference) store.uses.note(name, digest);
    const headers = { 'docker-content-digest': digest, etag: `"${digest}"`, 'content-type': record.mediaType };
    if (hasEtag(message.headers['if-none-match'], digest)) {
      answer.writeHead(304, headers).end();
      return;
    }
    if (message.method === 'HEAD') answer.writeHead(200, { ...headers, 'content-length': record.size }).end();
    else sendBytes(answer, 200, await manifestBytes(store, name, digest), headers);
  };
}

/** Errors: those of `putManifest`. */
export function pushManifest({ store, wholeIndexes }: ApiContext, name: string, reference: ManifestReference) {
  return async (exchange: Exchange): Promise<void> => {
    const { message, answer, query } = exchange;
    const tags = 'tag' in reference ? [reference.tag] : readTags(query);
    const wanted = 'digest' in reference ? reference.digest : query.get('digest');
    const bytes = await readBody(exchange, MANIFEST_LIMIT);
    const { digest, facts } = await putManifest(store, name, {
      ...(wanted === null ? {} : { digest: readDigest(wanted) }),
      ...{ tags, bytes, contentType: message.headers['content-type'], wholeIndexes },
    });
    sendEmpty(answer, 201, {
      location: `/v2/${name}/manifests/${digest}`,
      'docker-content-digest': digest,
      ...(facts.subject === undefined ? {} : { 'oci-subject': facts.subject }),
      ...('digest' in reference && tags.length > 0 ? { 'oci-tag': tags } : {}),
    });
  };
}

/** Tags that a manifest pushed by digest gets in the same step (`?tag=`). Errors: TAG_INVALID. */
function readTags(query: URLSearchParams): string[] {
  const tags = [...new Set(query.getAll('tag'))];
  if (tags.length > TAGS_MAX) throw new RegistryError('TAG_INVALID', `at most ${TAGS_MAX} tags can be given at once`);
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined)
    throw new RegistryError('TAG_INVALID', `${JSON.stringify(wrong.slice(0, 150))} is not a tag`);
  return tags;
}

/** By digest: the manifest and its tags; by tag: that tag alone. Errors: MANIFEST_UNKNOWN, UNSUPPORTED. */
export function deleteManifestOrTag({ store, deletes }: ApiContext, name: string, reference: ManifestReference) {
  return async ({ answer }: Exchange): Promise<void> => {
    if (!deletes) throw new RegistryError('UNSUPPORTED', 'nothing can be deleted from this registry');
    if ('digest' in reference) await deleteManifest(store, name, reference.digest);
    else await deleteTag(store, name, reference.tag);
    sendEmpty(answer, 202);
  };
}

/** Errors: SIZE_INVALID (413). */
async function readBody(exchange: Exchange, limit: number): Promise<Buffer> {
  const tooLong = () => new RegistryError('SIZE_INVALID', `a manifest has at most ${limit} bytes`, { status: 413 });
  if (Number(exchange.message.headers['content-length'] ?? 0) > limit) throw tooLong();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of exchange.body()) {
    size += chunk.byteLength;
    if (size > limit) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
