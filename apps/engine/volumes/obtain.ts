import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kit';
import { announce, DATA, homeOf, type VolumeContext } from './context.ts';
import { checkDriverOptions } from './driver-options.ts';
import { ANONYMOUS_LABEL, type VolumeRecord, type VolumeSource, type VolumeWish } from './model.ts';
import { checkVolumeName, newVolumeId } from './names.ts';

/** The volume of a name, or a new one; see VolumeSource. */
export const obtain =
  (context: VolumeContext): VolumeSource['obtain'] =>
  (wish) => {
    checkDriver(wish);
    const existing = wish.name === '' ? undefined : context.store.byName(wish.name);
    if (existing) return { volume: existing, isNew: false };
    if (wish.name !== '') checkVolumeName(wish.name);
    const id = newVolumeId();
    checkDriverOptions(wish.name || id, wish.options);
    makeHome(homeOf(context.config, id));
    return { volume: register(context, id, wish), isNew: true };
  };

/** The directory of a volume, with an empty one for its data. */
export function makeHome(home: string): void {
  mkdirSync(home, { mode: 0o701 });
  mkdirSync(join(home, DATA), { mode: 0o755 });
}

/** Makes a volume of a directory that is there. */
export function register(context: VolumeContext, id: string, { name, labels, options }: VolumeWish): VolumeRecord {
  const all = name === '' ? { ...labels, [ANONYMOUS_LABEL]: '' } : labels;
  const volume = context.store.save({
    id,
    name: name || id,
    driver: 'local',
    createdAt: Date.now(),
    labels: orNull(all),
    options: orNull(options),
  });
  announce(context, 'create', volume);
  return volume;
}

/** Errors: not-found, in Docker's words. */
function checkDriver({ name, driver }: VolumeWish): void {
  if (driver === '' || driver === 'local') return;
  throw new BerthError(
    'not-found',
    `create ${name}: error looking up volume plugin ${driver}: plugin ${JSON.stringify(driver)} not found`,
    { hint: 'Volume plugins are not supported by Berth; its one driver is "local".' },
  );
}

function orNull(map: Record<string, string>): Record<string, string> | null {
  return Object.keys(map).length > 0 ? map : null;
}
