import { existsSync } from 'node:fs';
import { findDocker } from './fake-engine.ts';

const BUILT = new URL('../../dist/bin/berth', import.meta.url).pathname;

/** The program of a client: Berth's as it was built, or Docker's own on the PATH. */
export function clientProgram(client: 'berth' | 'docker'): string {
  const program = client === 'berth' ? BUILT : findDocker();
  if (program === undefined || !existsSync(program))
    throw new Error(
      client === 'berth'
        ? 'build the client first: npm run build'
        : 'the docker client is not on the PATH; `npm test` provides it',
    );
  return program;
}
