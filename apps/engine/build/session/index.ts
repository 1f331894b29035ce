export { type BuildSession, type BuildSessions, openBuildSessions } from './sessions.ts';
