import { describe, expect, test } from 'vitest';
import { MS } from '../linux/mount.ts';
import { checkDriverOptions, driverMountOf, withAddress, withoutSecrets } from './driver-options.ts';

describe('mount options', () => {
  test.each<[string, number, string]>([
    ['', 0, ''],
    ['size=1m,uid=5', 0, 'size=1m,uid=5'],
    ['bind', MS.BIND, ''],
    ['rbind,ro', MS.BIND | MS.REC | MS.RDONLY, ''],
    ['ro,rw', 0, ''],
    ['rw,ro', MS.RDONLY, ''],
    [
      'noexec,nosuid,nodev,noatime,nfsvers=4,addr=192.0.2.1',
      MS.NOEXEC | MS.NOSUID | MS.NODEV | MS.NOATIME,
      'nfsvers=4,addr=192.0.2.1',
    ],
    ['sync,async,defaults,constructor', 0, 'constructor'],
  ])('%j', (o, flags, data) => {
    expect(driverMountOf({ type: 'x', device: 'y', o })).toEqual({ type: 'x', device: 'y', flags, data });
  });

  test('a volume without a device is a directory of its own', () => {
    expect(driverMountOf(null)).toBeUndefined();
    expect(driverMountOf({})).toBeUndefined();
  });
});

test.each<[Record<string, string>, string | undefined]>([
  [{}, undefined],
  [{ type: 'tmpfs', device: 'tmpfs', o: '' }, undefined],
  [{ other: '' }, 'create v: invalid option: "other"'],
  [{ device: '/dev/x' }, 'create v: missing required option: "type"'],
  [{ o: 'bind', type: 'none' }, 'create v: missing required option: "device"'],
  [{ size: '1g' }, 'create v: quota size requested but no quota support'],
])('%j', (options, message) => {
  const check = () => checkDriverOptions('v', options);
  if (message === undefined) expect(check).not.toThrow();
  else expect(check).toThrow(expect.objectContaining({ code: 'invalid', message }));
});

test.each([
  ['username=u,password=secret,vers=3.0', 'username=u,password=********,vers=3.0'],
  ['pass=one,password2=two,uid=5', 'pass=********,password2=********,uid=5'],
  ['password=with,commas,addr=192.0.2.1', 'password=********,addr=192.0.2.1'],
  ['PASSWORD=secret,', 'PASSWORD=********'],
  ['name=admin,secret=key==', 'name=admin,secret=********'],
  ['passkeys=shown,size=1m', 'passkeys=shown,size=1m'],
])('shown without secrets: %j', (data, shown) => {
  expect(withoutSecrets(data)).toBe(shown);
});

test('names of NFS servers become addresses, those of others stay', async () => {
  const mount = (type: string, data: string) => ({ type, device: ':/x', flags: 0, data });
  expect(await withAddress(mount('nfs', 'addr=localhost,rw'))).toMatchObject({
    data: expect.stringMatching(/^addr=(127\.0\.0\.1|::1),rw$/),
  });
  for (const same of [mount('nfs', 'addr=192.0.2.1'), mount('nfs', 'rw'), mount('tmpfs', 'addr=localhost')])
    expect(await withAddress(same)).toEqual(same);
  await expect(withAddress(mount('nfs4', 'addr=none.invalid'))).rejects.toMatchObject({ code: 'invalid' });
});
