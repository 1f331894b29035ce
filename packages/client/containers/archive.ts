import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';
import { containerPath } from './path.ts';

/** What is at a path of a container. */
export interface ContainerPathStat {
  name: string;
  size: number;
  /** Bits of Go's os.FileMode: 2^31 is a directory, 2^27 a symbolic link, 2^26 a device. */
  mode: number;
  mtime: string;
  /** Absolute path that a link leads to; '' for all others. */
  linkTarget: string;
}

/** HEAD /containers/{id}/archive. Errors: not-found. */
export async function statContainerPath(client: EngineClient, name: string, path: string): Promise<ContainerPathStat> {
  const response = await client.done('HEAD', containerPath(name, '/archive'), { query: { path } });
  return readStat(response);
}

/** GET /containers/{id}/archive: the archive of a path, and what is there. Errors: not-found. */
export async function copyFromContainer(
  client: EngineClient,
  name: string,
  path: string,
  signal?: AbortSignal,
): Promise<{ stat: ContainerPathStat; archive: AsyncIterable<Uint8Array> }> {
  const response = await client.stream('GET', containerPath(name, '/archive'), {
    query: { path },
    ...(signal && { signal }),
  });
  return { stat: readStat(response), archive: response.body };
}

/** PUT /containers/{id}/archive: unpacks an archive in a directory. Files never take the place of directories, nor the reverse. */
export async function copyToContainer(
  client: EngineClient,
  name: string,
  path: string,
  archive: AsyncIterable<Uint8Array> | Uint8Array,
  options: { copyUidGid: boolean; signal?: AbortSignal },
): Promise<void> {
  await client.done('PUT', containerPath(name, '/archive'), {
    query: { path, noOverwriteDirNonDir: 'true', copyUIDGID: options.copyUidGid ? 'true' : '' },
    headers: { 'Content-Type': 'application/x-tar' },
    body: archive,
    ...(options.signal && { signal: options.signal }),
  });
}

function readStat(response: TransportResponse): ContainerPathStat {
  const header = response.header('X-Docker-Container-Path-Stat');
  if (header === undefined) throw new Error('unable to get resource stat from response: the header is missing');
  const bytes = Uint8Array.from(atob(header), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as ContainerPathStat;
}
