export { type BuildContexts, openBuildContexts } from './contexts.ts';
export type { BuildContext, ContextEntry } from './model.ts';
