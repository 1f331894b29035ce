import { BerthError } from '@berth/kit';

/** PUT /volumes/NAME changes volumes of a swarm only, and this engine never is in one. */
export function updateVolume(): never {
  throw new BerthError('unavailable', 'volume update only valid for cluster volumes, but swarm is unavailable');
}
