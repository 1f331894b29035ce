export type { PaceLimits } from './pace.ts';
export { keepPace } from './pace.ts';
export type { QuotaRule } from './quota-ledger.ts';
export type { Quotas, Taken } from './quotas.ts';
export { openQuotas } from './quotas.ts';
export type { PlaceLimits } from './upload-places.ts';
export { limitUploads } from './upload-places.ts';
