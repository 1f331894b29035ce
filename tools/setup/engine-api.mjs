// @ts-check
import { get } from 'node:http';

/** Where the engine listens when it is told nothing. */
export const SOCKET = '/run/berth/berth.sock';

/**
 * Asks the engine; for the set-up only, which must run before the client is built.
 *
 * @param {string} path of the Engine API
 * @returns {Promise<any>} the parsed answer; undefined when no engine answers or it refuses
 */
export function askEngine(path) {
  return new Promise((done) => {
    const request = get({ socketPath: SOCKET, path, timeout: 5000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => done(response.statusCode === 200 ? parsed(text) : undefined));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => done(undefined));
  });
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text; // `/_ping` answers OK, which is not JSON
  }
}
