import { describe, expect, it } from 'vitest';
import { parseChallenges } from './challenge.ts';

const plain = (header: string | undefined) =>
  parseChallenges(header).map(({ scheme, parameters }) => ({ scheme, ...Object.fromEntries(parameters) }));

describe('parseChallenges', () => {
  it('reads a bearer challenge with commas and spaces inside its values', () => {
    expect(
      plain(
        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      ),
    ).toEqual([
      {
        scheme: 'bearer',
        realm: 'https://auth.docker.io/token',
        service: 'registry.docker.io',
        scope: 'repository:a/b:pull,push',
      },
    ]);
  });

  it('reads several challenges from one header', () => {
    expect(plain('Negotiate, Basic realm="a, b" , BEARER Realm=https-less , service=x')).toEqual([
      { scheme: 'negotiate' },
      { scheme: 'basic', realm: 'a, b' },
      { scheme: 'bearer', realm: 'https-less', service: 'x' },
    ]);
  });

  it('reads escapes, spaces around the equals sign, and token68', () => {
    expect(plain('Basic realm = "say \\"hi\\" \\\\"')).toEqual([{ scheme: 'basic', realm: 'say "hi" \\' }]);
    expect(plain('Negotiate YWJj==, Basic realm="x"')).toEqual([
      { scheme: 'negotiate' },
      { scheme: 'basic', realm: 'x' },
    ]);
  });

  it('keeps the first of a repeated parameter', () => {
    expect(plain('Bearer realm="https://a/", realm="http://evil/"')).toEqual([
      { scheme: 'bearer', realm: 'https://a/' },
    ]);
  });

  it('gives nothing for nothing and stops at what it cannot read', () => {
    expect(plain(undefined)).toEqual([]);
    expect(plain('')).toEqual([]);
    expect(plain('realm="x"')).toEqual([]);
    expect(plain('Basic realm="unterminated')).toEqual([{ scheme: 'basic' }]);
    expect(plain('Basic realm="x" Bearer realm="y"')).toEqual([{ scheme: 'basic', realm: 'x' }]);
    expect(plain(`Basic realm="${'x'.repeat(9000)}"`)).toEqual([]);
  });

  it('is linear on hostile input', () => {
    const started = performance.now();
    parseChallenges('"\\'.repeat(4000));
    parseChallenges(`Basic a="${'\\'.repeat(8000)}`);
    parseChallenges(`A${' ,'.repeat(4000)}`);
    parseChallenges('a '.repeat(4000));
    parseChallenges(`A ${'b'.repeat(8000)}`);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
