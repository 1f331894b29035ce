import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readRanges } from './ranges.ts';

const folder = mkdtempSync(join(tmpdir(), 'ranges-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const files = {
  passwd: file('passwd', 'root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n'),
  group: file('group', 'root:x:0:\nann:x:1000:\nstaff:x:50:ann\n'),
  subuid: file('subuid', '# ranges\nann:100000:65536\n1001:300000:1000\n'),
  subgid: file('subgid', 'ann:200000:65536\nstaff:400000:65536\n'),
};

describe('userns-remap', () => {
  it.each([
    ['ann', 100000, 200000],
    ['1000', 100000, 200000],
    ['ann:staff', 100000, 400000],
    ['1001:50', 300000, 400000],
  ])('%s', (setting, users, groups) => {
    expect(readRanges(setting, files)).toMatchObject({ users: { first: users }, groups: { first: groups } });
  });

  it('says what is missing', () => {
    expect(() => readRanges('nobody-here', files)).toThrow('the user "nobody-here" does not exist');
    expect(() => readRanges('bob', files)).toThrow('the group "bob" does not exist');
    expect(() => readRanges('root', files)).toThrow('the user "root" has no range of its own');
    expect(() => readRanges('default', files)).toThrow('the user "dockremap" does not exist');
  });
});
