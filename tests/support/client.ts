import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const BUILT = new URL('../../dist/bin/berth', import.meta.url).pathname;

/** The program of a client: Berth's as it was built, or Docker's own on the PATH. */
export function clientProgram(client: 'berth' | 'docker'): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const program = client === 'berth' ? BUILT : folders.map((folder) => join(folder, 'docker')).find(existsSync);
  if (program === undefined || !existsSync(program))
    throw new Error(
      client === 'berth'
        ? 'build the client first: npm run build'
        : 'the docker client is not on the PATH; `npm test` provides it',
    );
  return program;
}
