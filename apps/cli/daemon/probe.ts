import { EngineClient } from '@berth/client';
import { isBerthError } from '@berth/kit';

/** True when an engine answers at `host`. */
export async function answers(host: string): Promise<boolean> {
  try {
    const response = await new EngineClient({ host }).unversioned('GET', '/_ping');
    await response.text();
    return true;
  } catch (error) {
    // Whatever it answers, it is there; a connection that breaks is an engine that is not ready yet.
    return isBerthError(error, 'internal');
  }
}
