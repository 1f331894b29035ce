import { isBerthError } from '@berth/kit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesByWalk, parsePattern } from './pattern.ts';
import { ignoreFileNames, ignoreRules, parseIgnoreFile } from './rules.ts';

/** Those of the paths that the file leaves in. */
const kept = (file: string, paths: string[]) => paths.filter((path) => !parseIgnoreFile(file).isExcluded(path));

describe('.dockerignore', () => {
  it('dockerignore-2: one pattern a line, # comments, blank lines skipped', () => {
    expect(kept('# a\n\n  b  \r\n\\#c\n', ['a', '# a', 'b', '#c', 'd'])).toEqual(['a', '# a', 'd']);
    expect(kept('\ufeffa', ['a', 'b'])).toEqual(['b']);
  });

  it('dockerignore-3: patterns are anchored at the root; slashes at both ends are ignored', () => {
    const paths = ['temp', 'temp/a', 'x/temp', 'a/b', 'a/b/c'];
    expect(kept('/temp/', paths)).toEqual(['x/temp', 'a/b', 'a/b/c']);
    expect(kept('a/../a/./b//', paths)).toEqual(['temp', 'temp/a', 'x/temp']);
  });

  it('dockerignore-3: * and ? stay in one folder, [a-z] and [^a-z] are one character', () => {
    expect(kept('*/temp*', ['a/temp1', 'temp1', 'a/b/temp1', 'a/temp/x'])).toEqual(['temp1', 'a/b/temp1']);
    expect(kept('temp?', ['tempa', 'temp', 'tempab', 'temp/'])).toEqual(['temp', 'tempab', 'temp/']);
    expect(kept('x[a-c]', ['xa', 'xd'])).toEqual(['xd']);
    expect(kept('x[^a-c]', ['xa', 'xd'])).toEqual(['xa']);
    expect(kept('\\*', ['*', 'a'])).toEqual(['a']);
  });

  it('dockerignore-3: ** is any number of folders', () => {
    expect(kept('**/*.go', ['a.go', 'x/a.go', 'x/y/a.go', 'a.gox'])).toEqual(['a.gox']);
    expect(kept('a/**', ['a', 'a/b', 'a/b/c', 'ab'])).toEqual(['a', 'ab']);
    expect(kept('a/**/b', ['a/b', 'a/x/b', 'a/x/y/b', 'a/xb'])).toEqual(['a/xb']);
    expect(kept('**', ['a', 'a/b'])).toEqual([]);
    expect(kept('**/foo', ['foo', 'x/foo', 'xfoo', 'foo/a'])).toEqual(['xfoo']);
  });

  it('dockerignore-4: ! takes in again what stood out; the last rule that matches counts', () => {
    const paths = ['README.md', 'README-secret.md', 'a.md', 'a.txt'];
    expect(kept('*.md\n!README*.md\nREADME-secret.md', paths)).toEqual(['README.md', 'a.txt']);
    expect(kept('*.md\nREADME-secret.md\n!README*.md', paths)).toEqual(['README.md', 'README-secret.md', 'a.txt']);
    expect(kept('*\n!src/**/*.ts', ['src', 'src/a/b.ts', 'src/b.ts', 'src/b.js', 'c.ts'])).toEqual([
      'src/a/b.ts',
      'src/b.ts',
    ]);
    expect(kept('!a', ['a'])).toEqual(['a']);
  });

  it('tells the rule that decided', () => {
    const rules = parseIgnoreFile('*.log\n\n!keep.log', 'build/.dockerignore');
    expect(rules.verdict('x.log')).toEqual({ excluded: true, rule: { line: 1, text: '*.log' } });
    expect(rules.verdict('keep.log')).toEqual({ excluded: false, rule: { line: 3, text: '!keep.log' } });
    expect(rules.verdict('x')).toEqual({ excluded: false, rule: undefined });
    expect(rules.hasExceptions).toBe(true);
  });

  it('dockerignore-1: the file beside the Dockerfile wins', () => {
    expect(ignoreFileNames('build/app.Dockerfile')).toEqual(['build/app.Dockerfile.dockerignore', '.dockerignore']);
  });

  it('folders are looked into only where a later exception may match', () => {
    const rules = parseIgnoreFile('*\n!src/app/*.ts\n!docs/**/x\nsrc/app/old');
    const pruned = ['src', 'src/app', 'src/lib', 'src/app/old', 'docs', 'docs/a', 'node_modules'];
    expect(pruned.filter((folder) => rules.isPruned(folder))).toEqual(['src/lib', 'src/app/old', 'node_modules']);
  });

  it.each(['!', '[', 'a[', '[]a]', 'a\\', '[a-]', '[^'])('%s is no pattern, and the line is named', (pattern) => {
    try {
      parseIgnoreFile(`ok\n${pattern}`);
      throw new Error('accepted');
    } catch (error) {
      expect(isBerthError(error, 'invalid') && error.message).toMatch(/^\.dockerignore:2: /);
    }
  });

  it('patterns of --exclude follow the same rules', () => {
    const rules = ignoreRules(['*.tmp', '#a', '!keep.tmp']);
    expect(['a.tmp', '#a', 'keep.tmp', 'b'].filter((path) => rules.isExcluded(path))).toEqual(['a.tmp', '#a']);
  });
});

describe('matching', () => {
  const piece = fc.constantFrom('*', '**', '**/', '?', '/', 'a', 'b', '.', '[ab]', '[^a]', '\\*');
  const path = fc.array(fc.constantFrom('a', 'b', '.', '/', '*'), { maxLength: 12 }).map((chars) => chars.join(''));

  it('the two ways agree', () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 3 }), path, (pieces, text) => {
        const pattern = pieces.join('');
        // where ** stands at an end Docker compares text, which is another meaning
        fc.pre(!pattern.startsWith('**') && !pattern.endsWith('**') && !pattern.endsWith('**/'));
        expect(matchesByWalk(pattern, text)).toBe(parsePattern(pattern).matches(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('a folder that is pruned holds nothing that is included', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.array(piece, { minLength: 1, maxLength: 4 })), { maxLength: 4 }),
        fc.constantFrom('a', 'b', 'a/b', 'a/a'),
        path,
        (rules, folder, below) => {
          const lines = rules.map(([exception, pieces]) => `${exception ? '!' : ''}${pieces.join('')}`);
          const read = parseIgnoreFile(lines.join('\n'));
          if (read.isPruned(folder)) expect(read.isExcluded(`${folder}/x${below}`)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('hostile patterns take time in proportion to pattern and path', () => {
    const rules = parseIgnoreFile(`${'*a'.repeat(150)}b\n${'**/a'.repeat(150)}/b\n`);
    const name = 'a'.repeat(255);
    const started = performance.now();
    for (let index = 0; index < 5; index++) rules.isExcluded(`${name}/${name}/${index}`);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('5,000 files and 40 rules take no time to speak of', () => {
    const rules = parseIgnoreFile(
      Array.from({ length: 40 }, (_, index) => (index % 4 === 3 ? `!keep${index}/**/*.ts` : `**/out${index}/*.o`)).join(
        '\n',
      ),
    );
    const started = performance.now();
    for (let index = 0; index < 5000; index++) rules.isExcluded(`src/part${index % 50}/file${index}.ts`);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
