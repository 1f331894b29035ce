/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write in a Compose file */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadFiles, web } from '../../../tests/support/compose-files.ts';

describe('bombs and cycles end quickly', () => {
  const quick = (files: Record<string, string>) => {
    const before = Date.now();
    try {
      loadFiles(files);
    } catch (error) {
      expect(Date.now() - before).toBeLessThan(10_000);
      return error instanceof Error ? error.message : String(error);
    }
    return '';
  };

  it('aliases of aliases', () => {
    const lines = Array.from(
      { length: 30 },
      (_, at) =>
        `x-${at}: &a${at} [${
          at
            ? Array(9)
                .fill(`*a${at - 1}`)
                .join(', ')
            : 'x'
        }]`,
    );
    expect(quick({ 'compose.yaml': `${lines.join('\n')}\nservices: {}\n` })).toMatch(
      /more than 100000 values once its aliases are followed/,
    );
  });

  it('an anchor in itself', () => {
    expect(quick({ 'compose.yaml': 'x-a: &a\n  b: *a\nservices: {}\n' })).toMatch(/anchor 'a' contains itself/);
  });

  it('nesting without end', () => {
    expect(quick({ 'compose.yaml': `x-a: ${'['.repeat(200_000)}` })).toMatch(/nested deeper than 64 levels/);
    expect(quick({ 'compose.yaml': `x-a: ${'{a: '.repeat(100)}1${'}'.repeat(100)}` })).toMatch(
      /nested deeper than 64 levels/,
    );
  });

  it('a million keys', () => {
    const text = Array.from({ length: 1_000_000 }, (_, at) => `k${at}: 1`).join('\n');
    expect(quick({ 'compose.yaml': text })).toMatch(/larger than 1 MiB/);
  });

  it('include of itself', () => {
    expect(
      quick({ 'compose.yaml': 'include: [b.yaml]\nservices: {}\n', 'b.yaml': 'include: [compose.yaml]\n' }),
    ).toMatch(/include cycle detected: compose.yaml -> b.yaml -> compose.yaml/);
  });

  it('include of the same file twice at each step', () => {
    const files = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [`f${at}.yaml`, `include: [f${at + 1}.yaml, f${at + 1}.yaml]\n`]),
    );
    expect(quick({ 'compose.yaml': 'include: [f0.yaml]\n', ...files, 'f30.yaml': web('') })).toMatch(
      /files include more than 1000 files in total/,
    );
  });

  it('files that never end', () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-compose-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero'])
      for (const text of [
        `include: [${path}]\nservices: {}\n`,
        `include: [{path: b.yaml, env_file: ${path}}]\nservices: {}\n`,
        web(`    env_file: ${path}\n`),
        web(`    label_file: ${path}\n`),
        `services: {a: {extends: {file: ${path}, service: b}}}\n`,
      ])
        expect(quick({ 'compose.yaml': text, 'b.yaml': web('') }), text).toMatch(`open ${path}: not a regular file`);
    expect(() => loadFiles({ 'compose.yaml': web('') }, { envFiles: ['/dev/zero'] })).toThrow('larger than 1 MiB');
  });

  it('ranges of ports', () => {
    const many = [2, 3, 4, 5].map((first) => `"${first}-65535"`).join(', ');
    expect(quick({ 'compose.yaml': web(`    ports: [${many}]\n`) })).toMatch(/ports\.3: more than 200000 ports/);
    expect(quick({ 'compose.yaml': web('    ports: ["1-99999999999"]\n') })).toMatch(/invalid containerPort/);
  });

  it('extends of itself', () => {
    expect(quick({ 'compose.yaml': 'services:\n  a: {extends: b}\n  b: {extends: {service: a}}\n' })).toMatch(
      /circular reference with extends/,
    );
  });

  it('dependencies of each other', () => {
    expect(
      quick({ 'compose.yaml': 'services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n' }),
    ).toMatch(/dependency cycle detected: a -> b -> a/);
  });
});
