export { type BuildContexts, openBuildContexts } from './contexts.ts';
export { isGitAddress } from './fetch-git.ts';
export { type Download, openDownload } from './fetch-url.ts';
export type { BuildContext, ContextEntry } from './model.ts';
