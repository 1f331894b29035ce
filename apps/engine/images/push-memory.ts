import { createHash } from 'node:crypto';
import { type Credentials, canonicalName, type Digest, type ManifestCheck, type Transport } from '@berth/oci';
import type { Tagged } from './push.ts';

/** What this engine pushed in the last minutes: that much of a registry is not asked for again. */
export interface PushMemory {
  /** Asks at once, without waiting, whether what this user pushed under this tag still stands there; for `stands`. */
  recall(target: Tagged, credentials: Credentials, signal: AbortSignal): Recollection;
  note(target: Tagged, credentials: Credentials, check: ManifestCheck): void;
}

export interface Recollection {
  /**
   * The manifest's size in bytes when it was pushed, with all that it points at, and the registry still has it under the
   * tag; undefined when that cannot be said for sure, for any reason.
   */
  stands(manifest: Digest): Promise<number | undefined>;
}

/** Long enough for people who push again and again; short enough that a registry's losses are found. Milliseconds. */
const LIFETIME = 5 * 60_000;
const ENTRIES_MAX = 1000;
const NOTHING: Recollection = { stands: async () => undefined };

export function createPushMemory(transport: Transport): PushMemory {
  const entries = new Map<string, { check: ManifestCheck; until: number }>();
  return {
    recall: (target, credentials, signal) => {
      const key = keyOf(target, credentials);
      const entry = entries.get(key);
      if (entry === undefined || entry.until < Date.now()) return NOTHING;
      const { check } = entry;
      const answer = check.stillThere(transport, signal).catch(() => false);
      return {
        stands: async (manifest) => {
          const standing = check.digest === manifest && (await answer);
          if (standing) return check.size;
          entries.delete(key);
          return undefined;
        },
      };
    },
    note: (target, credentials, check) => {
      const now = Date.now();
      for (const [key, { until }] of entries) {
        if (until > now && entries.size < ENTRIES_MAX) break;
        entries.delete(key);
      }
      const key = keyOf(target, credentials);
      // The oldest stand first.
      entries.delete(key);
      entries.set(key, { check, until: now + LIFETIME });
    },
  };
}

/** What one user may see says nothing about another. */
function keyOf(target: Tagged, credentials: Credentials): string {
  const user = createHash('sha256').update(JSON.stringify(credentials)).digest('hex');
  return `${user} ${canonicalName(target)}:${target.tag}`;
}
