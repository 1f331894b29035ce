import { describe, expect, test } from 'vitest';
import { cgroupDirectories, parseCgroupMounts } from './cgroup.ts';

const V1 = `22 1 0:21 / /sys rw,nosuid - sysfs sysfs rw
30 22 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
31 30 0:27 / /sys/fs/cgroup/systemd rw,nosuid shared:9 - cgroup cgroup rw,xattr,name=systemd
32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:10 - cgroup cgroup rw,cpu,cpuacct
33 30 0:29 / /sys/fs/cgroup/memory rw,nosuid shared:11 - cgroup cgroup rw,memory
34 30 0:30 / /sys/fs/cgroup/pids rw,nosuid shared:12 - cgroup cgroup rw,pids
90 40 0:29 /docker/abc /var/lib/other/sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
`;
const HYBRID = `${V1}35 30 0:31 / /sys/fs/cgroup/unified rw,nosuid shared:13 - cgroup2 cgroup2 rw,nsdelegate\n`;
const V2 = `22 1 0:21 / /sys rw,nosuid - sysfs sysfs rw
30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
`;

describe('the layout of control groups', () => {
  test('version 1', () => {
    const { version, mounts, unified } = parseCgroupMounts(V1);
    expect([version, unified]).toEqual([1, undefined]);
    expect(Object.fromEntries(mounts)).toEqual({
      systemd: '/sys/fs/cgroup/systemd',
      cpu: '/sys/fs/cgroup/cpu,cpuacct',
      cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
      memory: '/sys/fs/cgroup/memory',
      pids: '/sys/fs/cgroup/pids',
    });
  });

  test('hybrid: controllers by version 1, and the hierarchy of version 2 beside them', () => {
    const { version, mounts, unified } = parseCgroupMounts(HYBRID);
    expect([version, mounts.size, unified]).toEqual([1, 5, '/sys/fs/cgroup/unified']);
  });

  test('version 2', () => {
    expect(parseCgroupMounts(V2)).toEqual({ version: 2, mounts: new Map(), unified: '/sys/fs/cgroup' });
    // systemd's own named hierarchy does not make a host one of version 1
    const named = `${V2}31 30 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n`;
    expect(parseCgroupMounts(named)).toMatchObject({ version: 2, mounts: new Map() });
  });

  test('a mount point with spaces', () => {
    expect(parseCgroupMounts('30 1 0:1 / /my\\040groups rw - cgroup2 cgroup2 rw').unified).toBe('/my groups');
  });

  test('no control groups, and lines that are cut short', () => {
    expect(parseCgroupMounts('')).toEqual({ version: 1, mounts: new Map(), unified: undefined });
    expect(parseCgroupMounts('30 1\n - \n- cgroup2').unified).toBeUndefined();
  });

  test('one directory for each hierarchy', () => {
    const directories = (text: string) =>
      cgroupDirectories({ ...parseCgroupMounts(text), unifiedControllers: [] }, '/berth/x').sort();
    expect(directories(V2)).toEqual(['/sys/fs/cgroup/berth/x']);
    expect(directories(HYBRID)).toEqual(
      ['cpu,cpuacct', 'memory', 'pids', 'systemd', 'unified'].map((name) => `/sys/fs/cgroup/${name}/berth/x`),
    );
  });
});
