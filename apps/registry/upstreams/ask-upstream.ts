import { Gate } from '@berth/kit';
import { createSession, type RegistrySession, type Transport } from '@berth/oci';
import { guardTransport } from './guarded-transport.ts';
import type { CheckedUpstream } from './settings.ts';

/** An upstream with the conversation that is kept with it. */
export interface Upstream extends CheckedUpstream {
  /** For logs and figures. */
  name: string;
  /** Runs work that asks the upstream. A conversation that never came about is begun anew the next time. */
  ask<T>(work: (session: RegistrySession) => Promise<T>): Promise<T>;
  /** Lets so many blobs be fetched at a time. */
  fetching: Gate;
}

const FETCHES = 8;
/** A conversation keeps a token for each repository that was asked about: it must not go on for ever. Milliseconds. */
const LASTS = 3_600_000;

export function openUpstream(checked: CheckedUpstream, transport: Transport, signal: AbortSignal): Upstream {
  const { prefix, url, insecure, credentials } = checked;
  const guarded = guardTransport(transport, checked);
  const open = () =>
    createSession({
      domain: url.host,
      transport: guarded,
      credentials: credentials ?? {},
      endpoints: [{ url, insecure }],
      signal,
    });
  let session: RegistrySession | undefined;
  let began = 0;
  return {
    ...checked,
    name: prefix || url.host,
    fetching: new Gate(FETCHES),
    ask: async (work) => {
      if (session === undefined || performance.now() - began > LASTS) {
        session = open();
        began = performance.now();
      }
      const mine = session;
      try {
        await mine.connect();
      } catch (error) {
        if (session === mine) session = undefined;
        throw error;
      }
      return work(mine);
    },
  };
}
