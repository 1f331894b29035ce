export type { BuildContext, BuildContexts, ContextEntry } from './context/index.ts';
export { type BuildInputs, openBuildInputs } from './inputs.ts';
export type { BuildSession, BuildSessions } from './session/index.ts';
