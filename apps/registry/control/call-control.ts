import { request } from 'node:http';
import { BerthError, errnoOf } from '@berth/kit';
import { withSocketPath } from './socket-path.ts';

/**
 * Sends a command to the registry that serves this root; resolves to its answer, or undefined when none runs. Errors:
 * internal, with the registry's words; forbidden.
 */
export function callControl(root: string, command: string): Promise<unknown> {
  return withSocketPath(root, (socketPath) => exchange(socketPath, command)).catch((cause) => {
    const errno = errnoOf(cause);
    if (errno === 'ENOENT' || errno === 'ECONNREFUSED') return undefined;
    if (errno === 'EACCES')
      throw new BerthError('forbidden', `may not give commands to the registry in ${root}`, {
        hint: 'Run this as the user whom the registry runs as.',
        cause,
      });
    throw cause;
  });
}

function exchange(socketPath: string, command: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method: 'POST', path: command }, (answer) => {
      answer.setEncoding('utf8');
      let body = '';
      answer.on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(body));
        else reject(new BerthError('internal', `the registry refused: ${body.slice(0, 1000)}`));
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}
