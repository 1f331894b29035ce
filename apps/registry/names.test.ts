import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentDigest, isContentDigest, readDigest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { isRepositoryName, isTag, readReference, readRepositoryName } from './names.ts';
import { flat, KEYS, unflat } from './storage/keys.ts';

/** Texts near to what is valid: of its letters and of what would be dangerous. */
const near = fc.string({
  unit: fc.constantFrom('a', 'z', '0', '/', '.', '..', '_', '-', ':', '%', '\0', '\n', 'A', 'sha256', ' ', '\\', 'ä'),
  maxLength: 40,
});

test('whatever passes as a repository name is a safe path of its own, and nothing else is', () => {
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (text) => {
      if (!isRepositoryName(text)) {
        expect(() => readRepositoryName(text)).toThrow(RegistryError);
        return;
      }
      expect(text).toMatch(/^[a-z0-9._/-]+$/);
      for (const part of text.split('/')) expect(part).toMatch(/^[a-z0-9].*[a-z0-9]$|^[a-z0-9]$/);
      expect(KEYS.links(text)).not.toMatch(/(^|\/)\.\.?(\/|$)|\/\//);
    }),
    { numRuns: 2_000 },
  );
});

test('names are read in time that does not grow out of hand', () => {
  const start = performance.now();
  for (const text of [`${'a-'.repeat(30_000)}!`, `${'a/'.repeat(30_000)}!`, `${'-'.repeat(60_000)}`])
    expect(isRepositoryName(text)).toBe(false);
  expect(isRepositoryName(`${'a-'.repeat(120)}!`)).toBe(false);
  expect(performance.now() - start).toBeLessThan(2_000);
});

test('a reference is a digest or a tag, and both are safe in keys', () => {
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (text) => {
      try {
        const reference = readReference(text);
        if ('digest' in reference) expect(isContentDigest(reference.digest)).toBe(true);
        else expect(reference.tag).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
      } catch (error) {
        expect(error).toBeInstanceOf(RegistryError);
        expect(error).toMatchObject({ status: 400 });
      }
    }),
    { numRuns: 2_000 },
  );
  for (const text of ['', '.', '..', '.a', '-a', 'a/b', 'a\n']) expect(isTag(text)).toBe(false);
});

test('digests of both algorithms, in their one spelling', () => {
  const [short, long] = [contentDigest('x'), contentDigest('x', 'sha512')];
  for (const digest of [short, long]) {
    expect(readDigest(digest)).toBe(digest);
    expect(unflat(flat(digest))).toBe(digest);
    for (const wrong of [digest.toUpperCase(), `${digest}0`, digest.slice(0, -1), ` ${digest}`, `${digest}\n`])
      expect(isContentDigest(wrong)).toBe(false);
  }
  expect(() => readDigest('md5:d41d8cd98f00b204e9800998ecf8427e')).toThrow('md5 is not supported');
  expect(unflat('sha256-x')).toBeUndefined();
});
