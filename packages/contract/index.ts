export { API_VERSION, atLeastApi, compareApiVersions, MIN_API_VERSION, refuseApiVersion } from './api-version.ts';
export * from './build.ts';
export type * from './container-config.ts';
export type { FilterValues } from './filters.ts';
export { matchesLabels, parseFilters, unknownFilter } from './filters.ts';
export type * from './network.ts';
export * from './pull.ts';
export { parseBoolean, parseInteger, parseTimestamp } from './query.ts';
