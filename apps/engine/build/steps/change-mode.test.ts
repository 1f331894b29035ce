import { describe, expect, test } from 'vitest';
import { modeChanger } from './change-mode.ts';

const change = (text: string, mode: number, type = 'file') => modeChanger(text)({ type, mode }).toString(8);

describe('--chmod', () => {
  test.each([
    ['755', 0o600, 'file', '755'],
    ['4711', 0o600, 'file', '4711'],
    ['0644', 0o777, 'file', '644'],
    ['+x', 0o644, 'file', '755'],
    ['u+x', 0o644, 'file', '744'],
    ['go-rwx', 0o755, 'file', '700'],
    ['a=r', 0o777, 'file', '444'],
    ['u=rwX,go=rX', 0o600, 'file', '644'],
    ['u=rwX,go=rX', 0o600, 'directory', '755'],
    ['u=rwX,go=rX', 0o700, 'file', '755'],
    ['g=u', 0o640, 'file', '660'],
    ['u+s,+t', 0o755, 'file', '5755'],
    ['u=rw+x', 0o000, 'file', '700'],
  ])('%s of %o, a %s', (text, mode, type, expected) => {
    expect(change(text, mode, type)).toBe(expected);
  });

  test.each(['', '8', '99999', 'u', 'x+u', 'u+q', 'u=rw;'])('%j is none', (text) => {
    expect(() => modeChanger(text)).toThrow('invalid chmod parameter');
  });
});
