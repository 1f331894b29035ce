export type { Evicted, EvictOptions } from './evict.ts';
export type { Upstreams } from './open-upstreams.ts';
export { openUpstreams } from './open-upstreams.ts';
export type { UpstreamSettings } from './settings.ts';
export { checkUpstreams } from './settings.ts';
