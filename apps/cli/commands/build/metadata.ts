import { writeFileSync } from 'node:fs';
import { inspectImage } from '@berth/client';
import type { Context } from '../../context.ts';

interface Inspected {
  Descriptor?: { digest?: string };
}

/** Writes `--metadata-file`, with BuildKit's keys. */
export async function writeMetadata(
  { client }: Pick<Context, 'client'>,
  path: string,
  { image, tags }: { image: string; tags: readonly string[] },
): Promise<void> {
  const found = image === '' ? {} : (JSON.parse(await inspectImage(client, image)) as Inspected);
  const descriptor = found.Descriptor;
  const metadata = {
    ...(image !== '' && { 'containerimage.config.digest': image }),
    ...(descriptor && { 'containerimage.descriptor': descriptor, 'containerimage.digest': descriptor.digest }),
    ...(tags.length && { 'image.name': tags.map(canonical).join(',') }),
  };
  writeFileSync(path, `${JSON.stringify(metadata, null, 2)}\n`);
}

/** `docker.io/library/app:latest` */
function canonical(tag: string): string {
  const colon = tag.lastIndexOf(':');
  const tagged = colon > tag.lastIndexOf('/') ? tag : `${tag}:latest`;
  const first = tagged.split('/')[0] ?? '';
  if (tagged.includes('/') && (/[.:]/.test(first) || first === 'localhost')) return tagged;
  return `docker.io/${tagged.includes('/') ? '' : 'library/'}${tagged}`;
}
