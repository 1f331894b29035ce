import { BerthError } from '@berth/kit';
import type { SystemSources } from './model.ts';

const TYPES = ['container', 'image', 'volume', 'build-cache'];

/**
 * Answer of GET /system/df. `types` chooses parts, none means all; a part that was not asked for is absent. Errors:
 * invalid (unknown type).
 */
export async function diskUsage(
  sources: Pick<SystemSources, 'containers' | 'images' | 'volumes' | 'buildCache'>,
  types: readonly string[],
): Promise<object> {
  const unknown = types.find((type) => !TYPES.includes(type));
  if (unknown !== undefined) throw new BerthError('invalid', `unknown object type: ${unknown}`);
  const wants = (type: string) => types.length === 0 || types.includes(type);
  const containers = wants('container') || wants('image') ? await listContainers(sources, wants('container')) : [];
  return {
    ...(wants('image')
      ? { LayersSize: sources.images.layersSize(), Images: await listImages(sources, containers) }
      : {}),
    ...(wants('container') ? { Containers: containers } : {}),
    ...(wants('volume') ? { Volumes: await sources.volumes.usage() } : {}),
    ...(wants('build-cache') ? { BuildCache: await sources.buildCache.usage() } : {}),
  };
}

function listContainers({ containers }: Pick<SystemSources, 'containers'>, size: boolean): Promise<object[]> {
  return containers.list({ all: true, limit: 0, size, filters: {} });
}

/** Images with the number of their containers, by which clients tell what could be reclaimed. */
async function listImages({ images }: Pick<SystemSources, 'images'>, containers: readonly object[]): Promise<object[]> {
  const users = new Map<string, number>();
  for (const container of containers) {
    const image: unknown = Reflect.get(container, 'ImageID');
    if (typeof image === 'string') users.set(image, (users.get(image) ?? 0) + 1);
  }
  const listed = await images.list({ all: true, filters: {}, sharedSize: true });
  return listed.map((image) => ({ ...image, Containers: users.get(image.Id) ?? 0 }));
}
