import { BerthError } from '@berth/kit';
import type { ContextContents } from './contents.ts';
import { EntryIndex } from './entry-index.ts';
import type { BuildContext } from './model.ts';
import { openContext } from './open-context.ts';

const NO_LINK = Buffer.alloc(0);
/** Answers without a length are gathered up to this. */
const UNKNOWN_MAX = 64 * 1024 ** 3;

/** A web address that answered. */
export interface Download {
  body: AsyncIterable<Uint8Array>;
  /** Bytes; undefined when the server does not say. */
  size: number | undefined;
  /** Last part of the address' path, '' when it has none. */
  name: string;
  /** Of Last-Modified, nanoseconds since the epoch; 0 when the server does not say. */
  mtime: bigint;
}

/** Asks for an address. Errors: invalid (no http(s) address), unavailable (no answer, or not a good one). */
export async function openDownload(address: string, signal: AbortSignal): Promise<Download> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new BerthError('invalid', `invalid address: ${address}`);
  const shown = `${url.origin}${url.pathname}`;
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    throw new BerthError('unavailable', `failed to GET ${shown}: ${reasonOf(cause)}`, { cause });
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new BerthError('unavailable', `failed to GET ${shown} with status ${response.status} ${response.statusText}`);
  }
  const { body, headers } = response;
  const encoded = headers.get('content-encoding') !== null;
  const length = headers.get('content-length');
  const modified = Date.parse(headers.get('last-modified') ?? '');
  return {
    body,
    // Of what is unpacked on the way the length tells nothing.
    size: length === null || encoded ? undefined : Number(length),
    name: decoded(url.pathname.slice(url.pathname.lastIndexOf('/') + 1)),
    mtime: Number.isNaN(modified) ? 0n : BigInt(modified) * 1_000_000n,
  };
}

/** A context of one file, as ADD takes it from an address: mode 0600. Errors: as `openDownload`; invalid for names. */
export async function contextFromUrl(
  address: string,
  contents: ContextContents,
  signal: AbortSignal,
): Promise<BuildContext> {
  const { body, size = UNKNOWN_MAX, name, mtime } = await openDownload(address, signal);
  if (name === '' || name === '.' || name === '..' || name.includes('/'))
    throw new BerthError('invalid', `cannot determine filename for source ${address}`);
  const receiver = contents.receive(size);
  let at = 0;
  try {
    for await (const chunk of body) {
      if (at + chunk.length > size) throw new BerthError('invalid', `${address} sent more than it announced`);
      await receiver.write(Buffer.from(chunk), at);
      at += chunk.length;
    }
    if (size !== UNKNOWN_MAX && at < size)
      throw new BerthError('unavailable', `${address} sent less than it announced`);
    const { sha256 } = await receiver.end(at);
    await contents.settle();
    const index = new EntryIndex();
    index.add(Buffer.from(name), {
      type: 'file',
      mode: 0o600,
      mtime,
      size: at,
      sha256,
      link: NO_LINK,
      xattrs: new Map(),
    });
    return openContext(index.finish(), { contents, held: [sha256], received: at });
  } catch (error) {
    await receiver.abort();
    throw error;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
