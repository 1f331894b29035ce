import { describe, expect, test } from 'vitest';
import { resolveUser } from './user.ts';

const PASSWD = Buffer.from(
  [
    'root:x:0:0:root:/root:/bin/sh',
    '# a comment',
    'broken:x:abc:0::/:',
    'wrap:x:4294967296:4294967296::/:',
    '1000:x:0:0:looks like a number:/evil:',
    'web:x:33:34:web:/srv/web:/bin/sh\r',
    'nohome:x:40:40',
    '',
  ].join('\n'),
);
const GROUP = Buffer.from('root:x:0:root\nwww:x:34:\ndocs:x:50:web,root\nlogs:x:51:web\nbad:x:-1:web\n');

describe('resolved', () => {
  test.each([
    ['', 0, 0, [0, 50], '/root'],
    ['root', 0, 0, [0, 50], '/root'],
    ['0', 0, 0, [0, 50], '/root'],
    ['web', 33, 34, [34, 50, 51], '/srv/web'],
    ['33', 33, 34, [34, 50, 51], '/srv/web'],
    ['web:docs', 33, 50, [50], '/srv/web'],
    ['web:7', 33, 7, [7], '/srv/web'],
    ['77', 77, 0, [0], '/'],
    ['77:88', 77, 88, [88], '/'],
    ['1000', 1000, 0, [0], '/'],
    ['nohome', 40, 40, [40], '/'],
    ['2147483647', 2147483647, 0, [0], '/'],
  ])('%j', (user, uid, gid, additionalGids, home) => {
    expect(resolveUser(user, PASSWD, GROUP)).toEqual({ uid, gid, additionalGids, home });
  });

  test('without files', () => {
    expect(resolveUser('', undefined, undefined)).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: '/' });
    expect(resolveUser('5:6', undefined, undefined)).toMatchObject({ uid: 5, gid: 6 });
  });

  test('added groups', () => {
    expect(resolveUser('77', PASSWD, GROUP, ['docs', '99', 'docs']).additionalGids).toEqual([0, 50, 99]);
  });
});

describe('refused', () => {
  test.each([
    ['nobody', 'unable to find user nobody: no matching entries in passwd file'],
    ['broken', 'unable to find user broken: no matching entries in passwd file'],
    ['wrap', 'unable to find user wrap: no matching entries in passwd file'],
    ['web:nogroup', 'unable to find group nogroup: no matching entries in group file'],
    ['web:bad', 'unable to find group bad: no matching entries in group file'],
    ['2147483648', 'uids and gids must be in range 0-2147483647'],
    ['4294967295', 'uids and gids must be in range 0-2147483647'],
    ['4294967296', 'uids and gids must be in range 0-2147483647'],
    ['-1', 'uids and gids must be in range 0-2147483647'],
    ['0:4294967296', 'uids and gids must be in range 0-2147483647'],
    ['0x0', 'unable to find user 0x0'],
    ['00', 'unable to find user 00'],
    ['1000 ', 'unable to find user 1000 '],
    ['+5', 'unable to find user +5'],
  ])('%j', (user, message) => {
    expect(() => resolveUser(user, PASSWD, GROUP)).toThrow(message);
  });

  test('a huge file, without reading it', () => {
    expect(() => resolveUser('web', Buffer.alloc(10 * 1024 * 1024 + 1), undefined)).toThrow('passwd file is too large');
    expect(() => resolveUser('web:x', PASSWD, Buffer.alloc(10 * 1024 * 1024 + 1))).toThrow('group file is too large');
  });
});
