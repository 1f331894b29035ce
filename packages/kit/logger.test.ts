import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';

test('a fact cannot make itself a line or a field of its own', () => {
  const lines: string[] = [];
  const log = createLogger('info', 'text', (line) => lines.push(line));
  log.warn('refused', { name: 'x\ntime=now level=error msg="forged"', path: '/v1.50/info' });
  expect(lines).toHaveLength(1);
  expect(lines[0]!.trimEnd()).not.toContain('\n');
  expect(lines[0]).toContain(' path=/v1.50/info');
});

test('entries below the level are left out; JSON entries carry errors with their causes', () => {
  const lines: string[] = [];
  const log = createLogger('warn', 'json', (line) => lines.push(line));
  log.info('not this');
  log.error('this', { error: new Error('outer', { cause: new Error('inner') }) });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 'error', msg: 'this', error: 'outer: inner' }]);
});
