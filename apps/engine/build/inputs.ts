import { type BuildContexts, openBuildContexts } from './context/index.ts';
import { type BuildSessions, openBuildSessions } from './session/index.ts';

/** What our own client sends ahead of `POST /build`. */
export interface BuildInputs {
  contexts: BuildContexts;
  sessions: BuildSessions;
  /** Drops what waits for a build. */
  close(): void;
}

/** Opens `DATA/build/context`; sessions live in memory. */
export function openBuildInputs(dataRoot: string): BuildInputs {
  const contexts = openBuildContexts(dataRoot);
  const sessions = openBuildSessions(contexts);
  return {
    contexts,
    sessions,
    close() {
      sessions.close();
      contexts.close();
    },
  };
}
