export { type Kind, Rejected } from './kind.ts';
export { listOf, networkOptions, pairs, pairsOf } from './lists.ts';
export { registries } from './registries.ts';
export * from './simple.ts';
export { addressPools, runtimes, ulimits } from './structured.ts';
