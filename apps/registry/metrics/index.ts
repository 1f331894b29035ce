export { countStored } from './count-stored.ts';
export type { HealthParts } from './health.ts';
export { answerHealth, serveHealth } from './health.ts';
export { logRequest } from './log-request.ts';
export type { Readiness } from './readiness.ts';
export { createReadiness } from './readiness.ts';
export type { CacheResult, RegistryMetrics } from './registry-metrics.ts';
export { createRegistryMetrics } from './registry-metrics.ts';
