export { type Builds, createBuilds } from './builds.ts';
export { PRUNE_FILTERS } from './cache/prune.ts';
export type { BuildContext, BuildContexts, ContextEntry } from './context/index.ts';
export { type BuildInputs, openBuildInputs } from './inputs.ts';
export type { BuildCacheRecord, BuildService } from './model.ts';
export { type BuildQuery, readBuildRequest } from './read-request.ts';
export type { BuildSession, BuildSessions } from './session/index.ts';
