import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { separateCredentials } from './git-credentials.ts';

it.each([
  ['https://example.com/x.git', 'https://example.com/x.git'],
  ['https://user:pass@example.com/x.git', 'https://example.com/x.git'],
  ['http://token@example.com:8080/x@y.git', 'http://example.com:8080/x@y.git'],
  ['https://a@b:c@example.com/x.git', 'https://example.com/x.git'],
  ['https://example.com/user:pass@x.git', 'https://example.com/user:pass@x.git'],
  ['ssh://git:pass@example.com/x', 'ssh://git@example.com/x'],
  ['ssh://git@example.com/x', 'ssh://git@example.com/x'],
  ['git@example.com:x', 'git@example.com:x'],
])('%s is kept as %s', (given, kept) => {
  const { url, environment } = separateCredentials(given, {});
  expect(url).toBe(kept);
  if (!/^http.*@example/.test(given)) expect(environment).toEqual({});
});

/** What git would send to a server that asks. */
function fill(url: string, environment: Record<string, string>): { stdout: string; stderr: string } {
  const env = { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', ...environment };
  const options = { env: { ...env, GIT_TERMINAL_PROMPT: '0' }, input: `url=${url}\n\n`, encoding: 'utf8' as const };
  return spawnSync('git', ['credential', 'fill'], options);
}

it('git gets them for their host alone, after what its environment says already', () => {
  const env = {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'credential.helper',
    GIT_CONFIG_VALUE_0: '!echo username=other',
  };
  const { url, environment } = separateCredentials('https://me%40x:p%3A$(id)"%20w@example.com:8443/x.git', env);
  expect(fill(url, { ...env, ...environment }).stdout).toContain('username=me@x\npassword=p:$(id)" w\n');
  const given = { GIT_CONFIG_KEY_0: 'core.bare', GIT_CONFIG_VALUE_0: 'false' };
  for (const elsewhere of ['https://example.org/x.git', 'http://example.com:8443/x.git', 'https://example.com/x.git'])
    expect(fill(elsewhere, { ...environment, ...given })).toMatchObject({
      stdout: '',
      stderr: expect.stringContaining('could not read Username'),
    });
});

it('what git takes for a line of its own is refused', () => {
  expect(() => separateCredentials('https://u%0ahost=evil:p@example.com/x.git', {})).toThrow('control characters');
});
