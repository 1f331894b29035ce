import { BerthError } from '@berth/kit';
import { flushed } from '../state/database.ts';
import type { VolumeContext } from './context.ts';
import type { VolumeWish } from './model.ts';
import { obtain } from './obtain.ts';
import type { CreateVolumeBody, VolumeService } from './service.ts';
import { show } from './show.ts';

/** POST /volumes/create. One of the name that is there already is the answer, whatever else was asked for. */
export const create =
  (context: VolumeContext): VolumeService['create'] =>
  async (body) => {
    const { volume, isNew } = obtain(context)(wishOf(body));
    if (isNew) await flushed(context.db);
    return show(context, volume);
  };

function wishOf(body: CreateVolumeBody): VolumeWish {
  const members = Object.fromEntries(Object.entries(body).map(([key, value]) => [key.toLowerCase(), value]));
  if (isFilled(members['clustervolumespec'])) {
    throw new BerthError(
      'unavailable',
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    );
  }
  return {
    name: text(members['name'], 'Name'),
    driver: text(members['driver'], 'Driver'),
    labels: textMap(members['labels'], 'Labels'),
    options: textMap(members['driveropts'], 'DriverOpts'),
  };
}

function isFilled(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown, field: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw wrongType(value, field, 'string');
  if (value.includes('\0')) throw new BerthError('invalid', `invalid value of ${field}: a null byte`);
  return value;
}

function textMap(value: unknown, field: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw wrongType(value, field, 'map[string]string');
  const map: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, entry] of Object.entries(value)) {
    if (typeof entry !== 'string') throw wrongType(entry, `${field}.${name}`, 'string');
    map[name] = entry;
  }
  return map;
}

function wrongType(value: unknown, field: string, type: string): BerthError {
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return new BerthError(
    'invalid',
    `invalid JSON: json: cannot unmarshal ${found} into Go struct field CreateOptions.${field} of type ${type}`,
  );
}
