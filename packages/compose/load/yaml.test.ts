import { describe, expect, it } from 'vitest';
import { loadFiles, web } from '../../../tests/support/compose-files.ts';

describe('YAML', () => {
  it('anchors, merge keys and x- keys', () => {
    const { services, extensions } = loadFiles({
      'compose.yaml': `x-base: &base\n  image: a\n  environment: &env {A: 1}\nservices:\n  web:\n    <<: *base\n    environment: {<<: *env, B: 2}\n  db: {<<: [*base], user: u, x-note: n}\n`,
    });
    expect(services.web).toMatchObject({ image: 'a', environment: { A: '1', B: '2' } });
    expect(services.db).toMatchObject({ image: 'a', user: 'u', environment: { A: '1' } });
    expect(extensions['x-base']).toEqual({ image: 'a', environment: { A: 1 } });
  });

  it('numbers as Go reads them', () => {
    const { services } = loadFiles({
      'compose.yaml': web('    environment: {A: 014, B: 0b11, C: 1_000, D: 1.10, E: yes, F: true, G: 0x10}\n'),
    });
    expect(services.web?.environment).toEqual({ A: '12', B: '3', C: '1000', D: '1.1', E: 'yes', F: 'true', G: '16' });
  });

  it.each([
    [
      'a key that is there twice',
      'services:\n  web: {image: a}\n  web: {image: b}\n',
      /compose.yaml:3:3: Map keys must be unique/,
    ],
    [
      'a tag of others',
      web('    user: !custom x\n'),
      /compose.yaml:4:19: unknown tag '!custom'; accepted are !reset and !override/,
    ],
    ['no mapping', '- a\n', /compose.yaml:1:1: Top-level object must be a mapping/],
    ['an empty file', '', /compose.yaml: empty compose file/],
  ])('%s', (_, text, message) => {
    expect(() => loadFiles({ 'compose.yaml': text })).toThrow(message);
  });
});
