export type { CdiEdits, CdiHook, CdiSpec } from './model.ts';
export { type CdiRegistry, readCdiSpecs } from './read-specs.ts';
