import { BUILD_KEYS } from './keys/build.cases.ts';
import type { KeyCase } from './keys/key-case.ts';
import { LIMITS_KEYS } from './keys/limits.cases.ts';
import { NETWORKS_KEYS } from './keys/networks.cases.ts';
import { PROCESS_KEYS } from './keys/process.cases.ts';
import { PROJECT_KEYS } from './keys/project.cases.ts';
import { STORAGE_KEYS } from './keys/storage.cases.ts';

export type { KeyCase } from './keys/key-case.ts';

/** What each key of a Compose file does, seen from inside the container, from the engine or from the command that reads it. */
export const KEY_CASES: readonly KeyCase[] = [
  ...PROCESS_KEYS,
  ...LIMITS_KEYS,
  ...STORAGE_KEYS,
  ...NETWORKS_KEYS,
  ...BUILD_KEYS,
  ...PROJECT_KEYS,
];
