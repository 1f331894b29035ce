import { CliError } from '../../../cli-error.ts';
import { archiveOrDockerfile } from './archive.ts';
import type { DockerfileWish } from './open.ts';
import type { Source } from './source.ts';

/** A tar or a Dockerfile from a web server. Throws CliError in Docker's words. */
export async function urlSource(url: string, { file, stdin }: DockerfileWish): Promise<Source> {
  let response: Response;
  try {
    response = await fetch(url, { redirect: 'follow' });
  } catch (error) {
    throw new CliError(`unable to prepare context: unable to download remote context ${url}: ${reasonOf(error)}`);
  }
  if (!response.ok || !response.body) {
    const text = (await response.text()).slice(0, 1000).trim();
    throw new CliError(
      `unable to prepare context: unable to download remote context ${url}: failed to GET ${url} with status ${response.status} ${response.statusText}: ${text}`,
    );
  }
  const body = response.body;
  const chunks = (async function* () {
    const reader = body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  })();
  const source = await archiveOrDockerfile(chunks, { file: stdin ? '' : file, where: url });
  return stdin ? { ...source, dockerfile: { name: 'Dockerfile', text: stdin } } : source;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? cause.message : error.message;
}
