import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalString,
  familiarString,
  parseAnyReference,
  parseReference,
  parseTag,
  withDefaultTag,
} from './reference.ts';

const HEX = 'a'.repeat(64);

describe('parseReference', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox', 'busybox'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
    ['user/app', 'docker.io/user/app', 'user/app'],
    ['docker.io/busybox', 'docker.io/library/busybox', 'busybox'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox', 'busybox'],
    ['docker.io/library/a/b', 'docker.io/library/a/b', 'library/a/b'],
    ['localhost/app', 'localhost/app', 'localhost/app'],
    ['localhost:5000/app:v1', 'localhost:5000/app:v1', 'localhost:5000/app:v1'],
    ['[::1]:5000/app', '[::1]:5000/app', '[::1]:5000/app'],
    ['Host/app', 'Host/app', 'Host/app'],
    ['ghcr.io/a/b__c.d-e/f', 'ghcr.io/a/b__c.d-e/f', 'ghcr.io/a/b__c.d-e/f'],
    [`a:t@sha256:${HEX}`, `docker.io/library/a:t@sha256:${HEX}`, `a:t@sha256:${HEX}`],
    ['a---b', 'docker.io/library/a---b', 'a---b'],
  ])('%s', (text, canonical, familiar) => {
    const reference = parseReference(text);
    expect(canonicalString(reference)).toBe(canonical);
    expect(familiarString(reference)).toBe(familiar);
  });

  test.each([
    ['', 'invalid reference format'],
    ['Busybox', 'invalid reference format: repository name (library/Busybox) must be lowercase'],
    ['user/App:x', 'invalid reference format: repository name (user/App) must be lowercase'],
    [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
    [`x/${'a'.repeat(256)}`, 'invalid reference format: repository name must not be more than 255 characters'],
    ['a@sha512:abcdabcdabcdabcdabcdabcdabcdabcd', 'unsupported digest algorithm'],
    ['a@sha256:abcdabcdabcdabcdabcdabcdabcdabcd', 'invalid checksum digest format'],
    ...[
      'a:',
      ':a',
      'a//b',
      '/a',
      'a/',
      '../a',
      'a/../b',
      'a b',
      'a:b:c',
      'a___b',
      '_a',
      'a@b',
      'a\n',
      `a:${'t'.repeat(129)}`,
      'https://x/a',
      `${'a/'.repeat(600)}a`,
      'ü',
    ].map((text) => [text, 'invalid reference format']),
  ])('refuses %j', (text, message) => {
    expect(() => parseReference(text)).toThrow(message);
  });

  test('a name on the hub that begins like a host keeps the hub', () => {
    const reference = parseReference('docker.io/0.a/0');
    expect(familiarString(reference)).toBe('docker.io/0.a/0');
    expect(parseReference(familiarString(reference))).toEqual(reference);
  });

  test('what it gives reads back as itself, in both spellings', () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,8})?$/);
    const text = fc
      .tuple(
        fc.option(fc.constantFrom('docker.io', 'localhost', 'localhost:5000', 'reg.example.com', '[::1]:5000')),
        fc.array(component, { minLength: 1, maxLength: 3 }),
        fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/)),
        fc.option(fc.constant(`sha256:${HEX}`)),
      )
      .map(
        ([host, path, tag, digest]) =>
          `${host === null ? '' : `${host}/`}${path.join('/')}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`,
      );
    fc.assert(
      fc.property(text, (t) => {
        const reference = parseReference(t);
        expect(parseReference(canonicalString(reference))).toEqual(reference);
        expect(parseReference(familiarString(reference))).toEqual(reference);
      }),
    );
  });

  test('any text either parses to something safe as a path or is refused as invalid', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', 'B', '/', ':', '@', '.', '_', '-', '0') })),
        (t) => {
          try {
            const { path } = parseReference(t);
            expect(path.split('/')).not.toContain('..');
            expect(path).toMatch(/^[a-z0-9._/-]+$/);
          } catch (error) {
            expect(error).toMatchObject({ code: 'invalid' });
          }
        },
      ),
    );
  });
});

test('a default tag is only for what has neither tag nor digest', () => {
  expect(withDefaultTag(parseReference('a')).tag).toBe('latest');
  expect(withDefaultTag(parseReference('a:b')).tag).toBe('b');
  expect(withDefaultTag(parseReference(`a@sha256:${HEX}`)).tag).toBeUndefined();
});

test('ids are told from references', () => {
  expect(parseAnyReference(HEX)).toEqual({ id: `sha256:${HEX}` });
  expect(parseAnyReference(`sha256:${HEX}`)).toEqual({ id: `sha256:${HEX}` });
  expect(parseAnyReference('abc')).toHaveProperty('reference');
});

test('tags', () => {
  expect(parseTag('v1.0_x-Y')).toBe('v1.0_x-Y');
  for (const bad of ['', '-x', 'a/b', 'a'.repeat(129)]) expect(() => parseTag(bad)).toThrow('invalid tag format');
});
