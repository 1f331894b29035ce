/**
 * Variables of containers that nobody may see in their records: secrets of build steps. In memory only, by container id;
 * whoever adds them takes them away.
 */
export const hiddenEnvironment = new Map<string, readonly string[]>();
