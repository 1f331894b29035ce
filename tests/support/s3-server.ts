import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An S3 server of its own with one empty bucket. */
export interface S3Server {
  endpoint: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  /** `METHOD /bucket/key` of all requests so far. */
  readonly requests: readonly string[];
  /** Keys of all objects, in order. */
  keys(): string[];
  /** Answers the next requests that match with this status, or breaks their connection (0). */
  fail(times: number, status: number, matching?: RegExp): void;
  close(): Promise<void>;
}

interface StoredObject {
  bytes: Buffer;
  type: string;
  modified: Date;
}

const KEY = 'AKIATEST';
const SECRET = 'a secret/with+signs';
const REGION = 'eu-test-1';
const BUCKET = 'berth-test';

/**
 * A small S3 server in this process, in memory: GET with ranges, HEAD, PUT, DELETE and ListObjectsV2, as Amazon's API
 * reference describes them. Signatures are checked by what the reference says, not by the client that is tested.
 */
export async function startS3Server(): Promise<S3Server> {
  const objects = new Map<string, StoredObject>();
  const requests: string[] = [];
  const faults: { times: number; status: number; matching: RegExp }[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    requests.push(line);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const fault = faults.find(({ times, matching }) => times > 0 && matching.test(line));
    if (fault !== undefined) {
      fault.times--;
      if (fault.status === 0) incoming.socket.destroy();
      else sendError(outgoing, fault.status, 'SlowDown');
    } else if (!isSigned(incoming)) sendError(outgoing, 403, 'SignatureDoesNotMatch');
    else answer(objects, incoming, Buffer.concat(chunks), outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket: BUCKET,
    accessKeyId: KEY,
    secretAccessKey: SECRET,
    region: REGION,
    requests,
    keys: () => [...objects.keys()].sort(),
    fail: (times, status, matching = /./) => faults.push({ times, status, matching }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(
  objects: Map<string, StoredObject>,
  { method, url = '/', headers }: IncomingMessage,
  body: Buffer,
  outgoing: ServerResponse,
): void {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const [, bucket = '', rest = ''] = /^\/([^/]*)\/?(.*)$/.exec(pathname) ?? [];
  const key = decodeURIComponent(rest);
  if (bucket !== BUCKET) sendError(outgoing, 404, 'NoSuchBucket');
  else if (key === '' && method === 'GET') list(objects, searchParams, outgoing);
  else if (key === '' && method === 'HEAD') outgoing.end();
  else if (method === 'GET' || method === 'HEAD') read(objects.get(key), headers.range, outgoing);
  else if (method === 'PUT') {
    objects.set(key, { bytes: body, type: headers['content-type'] ?? '', modified: new Date() });
    outgoing.end();
  } else if (method === 'DELETE') {
    objects.delete(key);
    outgoing.writeHead(204).end();
  } else sendError(outgoing, 501, 'NotImplemented');
}

function read(object: StoredObject | undefined, range: string | undefined, outgoing: ServerResponse): void {
  if (object === undefined) {
    sendError(outgoing, 404, 'NoSuchKey');
    return;
  }
  const { bytes, type, modified } = object;
  const found = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
  const start = Number(found?.[1] ?? 0);
  const end = Math.min(found?.[2] ? Number(found[2]) : bytes.length - 1, bytes.length - 1);
  if (found !== null && start >= bytes.length) {
    sendError(outgoing, 416, 'InvalidRange');
    return;
  }
  outgoing.writeHead(found === null ? 200 : 206, {
    'content-type': type,
    'content-length': end + 1 - start,
    'last-modified': modified.toUTCString(),
    ...(found === null ? {} : { 'content-range': `bytes ${start}-${end}/${bytes.length}` }),
  });
  outgoing.end(bytes.subarray(start, end + 1));
}

/** Keys and folders count for `max-keys` alike, and come in one order over all pages. */
function list(objects: Map<string, StoredObject>, query: URLSearchParams, outgoing: ServerResponse): void {
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const max = Math.min(1_000, Number(query.get('max-keys') ?? 1_000));
  const after = Buffer.from(query.get('continuation-token') ?? '', 'base64url').toString();
  const entries = new Map<string, StoredObject | undefined>();
  for (const key of [...objects.keys()].sort()) {
    if (!key.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut < 0) entries.set(key, objects.get(key));
    else entries.set(key.slice(0, cut + delimiter.length), undefined);
  }
  const left = [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).filter(([name]) => name > after);
  const page = left.slice(0, max);
  const truncated = left.length > max;
  const contents = page.map(([name, object]) =>
    object === undefined
      ? `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`
      : `<Contents><Key>${name}</Key><LastModified>${object.modified.toISOString()}</LastModified><ETag>&quot;x&quot;</ETag><Size>${object.bytes.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const token = Buffer.from(page.at(-1)?.[0] ?? '').toString('base64url');
  const next = truncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : '';
  outgoing.writeHead(200, { 'content-type': 'application/xml' });
  outgoing.end(
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${BUCKET}</Name><Prefix>${prefix}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${max}</MaxKeys><IsTruncated>${truncated}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
  );
}

function sendError(outgoing: ServerResponse, status: number, code: string): void {
  outgoing.writeHead(status, { 'content-type': 'application/xml' });
  outgoing.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

/** Signature version 4, by Authorization header. */
function isSigned({ method, url = '', headers }: IncomingMessage): boolean {
  const pattern = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
  const [, credential = '', signed = '', signature = ''] = pattern.exec(headers.authorization ?? '') ?? [];
  const [key, date = '', region, service, end] = credential.split('/');
  const time = String(headers['x-amz-date'] ?? '');
  if (key !== KEY || region !== REGION || service !== 's3' || end !== 'aws4_request') return false;
  if (!time.startsWith(date) || Math.abs(Date.now() - timeOf(time)) > 15 * 60_000) return false;
  const names = signed.split(';');
  if (!names.includes('host') || Object.keys(headers).some((name) => /^x-amz-/.test(name) && !names.includes(name)))
    return false;
  const [path = '', query = ''] = url.split('?');
  const canonical = [
    method,
    path,
    query.split('&').sort().join('&'),
    ...names.map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    signed,
    headers['x-amz-content-sha256'],
  ].join('\n');
  const scope = `${date}/${region}/${service}/${end}`;
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const hmac = (secret: string | Buffer, part: string) => createHmac('sha256', secret).update(part).digest();
  const signing = [date, region, service, end].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${SECRET}`,
  );
  return timingSafeEqual(hmac(signing, text), Buffer.from(signature, 'hex'));
}

function timeOf(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
