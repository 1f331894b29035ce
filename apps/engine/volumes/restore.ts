import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kit';
import { exchangeNames } from '../linux/file.ts';
import { removeTree } from '../linux/remove-tree.ts';
import { type CopyReport, copyData } from './clone.ts';
import { announce, dataOf, homeOf, inBackground, RESTORE, type VolumeContext } from './context.ts';
import { makeFilled } from './draft.ts';
import type { VolumeRecord } from './model.ts';
import { find, show, type VolumeResource } from './show.ts';
import type { Trees } from './trees.ts';

/**
 * PUT /berth/v1/volumes/NAME/restore: the data of an archive (`backup`), or of another volume (a snapshot), in place of
 * what the volume has. The new data is put together beside it and takes its place at once; what fails changes nothing.
 * A volume that is not there is made for an archive, when all of it is there; it is on disk when this resolves. Errors:
 * not-found, conflict (a container runs with it, or the name was taken meanwhile), invalid.
 */
export async function restoreVolume(
  context: VolumeContext & { trees: Trees },
  name: string,
  source: { archive: AsyncIterable<Uint8Array> } | { volume: string; freeze: boolean },
): Promise<VolumeResource & { Copy?: CopyReport }> {
  const from = 'volume' in source ? find(context, source.volume) : undefined;
  if ('archive' in source && !context.store.byName(name)) {
    const made = await makeFilled(context, { name, labels: {} }, (data) => context.trees.write(data, source.archive));
    announce(context, 'restore', made.volume);
    return show(context, made.volume);
  }
  const volume = find(context, name);
  if (from?.id === volume.id) throw new BerthError('invalid', 'a volume cannot be restored from itself');
  refuseOthers(context, volume);
  const place = join(homeOf(context.config, volume.id), `${RESTORE}${Date.now()}`);
  mkdirSync(place, { mode: 0o755 });
  try {
    const Copy = 'volume' in source ? await copyData(context, from!, place, source.freeze) : undefined;
    if ('archive' in source) await context.trees.write(place, source.archive);
    refuseOthers(context, volume); // somebody may have started it meanwhile
    exchange(context, volume, place);
    announce(context, 'restore', volume);
    return { ...show(context, volume), ...(Copy && { Copy }) };
  } catch (error) {
    await removeTree(place);
    throw error;
  }
}

function refuseOthers(context: VolumeContext, volume: VolumeRecord): void {
  if (volume.options !== null) {
    throw new BerthError(
      'not-supported',
      `volume ${volume.name} is mounted by driver options: only its own data can be replaced`,
    );
  }
  const holders = [...(context.holders.get(volume.id) ?? [])];
  if (holders.length > 0) {
    throw new BerthError(
      'conflict',
      `restore ${volume.name}: volume is mounted by running containers - [${holders.join(', ')}]`,
      {
        hint: 'Stop them first: what they have mounted is the data as it was.',
      },
    );
  }
}

/** At once, so that a container that starts, or an engine that dies, finds the old data or the new. */
function exchange(context: VolumeContext, volume: VolumeRecord, place: string): void {
  exchangeNames(place, dataOf(context.config, volume.id));
  inBackground(context, `remove the former data of volume ${volume.name}`, () => removeTree(place));
}
