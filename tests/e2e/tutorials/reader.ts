import { get as httpGet } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { parseTable } from '../../support/table.ts';
import type { Session } from '../handbook/session.ts';

/** What a reader does with a session, line by line as printed. */
export interface Reader {
  /** Runs a line that must succeed and say nothing on stderr; gives its stdout. */
  ok(line: string): Promise<string>;
  /** Runs a line that must be refused; gives its stderr. */
  refused(line: string): Promise<string>;
  /** The rows of a table by their headings. */
  table(line: string): Promise<Record<string, string>[]>;
  /** What a port of this machine answers, once it does. */
  page(port: number): Promise<string>;
}

export function readerOf(session: () => Session): Reader {
  const ok = async (line: string) => {
    const { code, stdout, stderr } = await session().type(line);
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
    return stdout;
  };
  return {
    ok,
    async refused(line) {
      const { code, stderr } = await session().type(line);
      expect({ line, failed: code !== 0 }).toEqual({ line, failed: true });
      return stderr;
    },
    table: async (line) => parseTable(await ok(line)),
    async page(port) {
      for (const end = Date.now() + 20_000; ; await delay(50)) {
        const answer = await get(port).catch((error: unknown) => error as Error);
        if (typeof answer === 'string') return answer;
        if (Date.now() > end) throw answer;
      }
    },
  };
}

/** Not by fetch, which refuses ports of other protocols, such as 6000. */
function get(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    httpGet({ host: '127.0.0.1', port, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text)).on('error', reject);
    }).on('error', reject);
  });
}

export const ID = /^[0-9a-f]{64}\n$/;
export const SHORT_ID = /^[0-9a-f]{12}$/;
export const TWO_WORDS = /^[a-z]+_[a-z]+$/;
export const AGO = /^(Less than a second|\d+ seconds?|About a minute|\d+ minutes?) ago$/;
