import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identifyProcess } from '../../../apps/engine/linux/process.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

/** Docker's 14: CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP. */
const DOCKER_CAPABILITIES = '00000000a80425fb';
const STATUS = 'grep -E "^(Cap|NoNewPrivs|Seccomp:|Groups)" /proc/self/status';

/** Lines of /proc/PID/status as an object. */
function fields(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(/:\s*/) as [string, string])
      .map(([name, value]) => [name, value.trim()]),
  );
}

describe.concurrent('namespaces', () => {
  test('are its own: processes, host name, network, IPC, mounts', async () => {
    const id = await c.begin(['sleep', '600'], { Hostname: 'inside' });
    const { Pid } = (await c.inspect(id)).State;
    const own = await c.exec(id, [
      'sh',
      '-c',
      'echo $$; hostname; readlink /proc/1/exe; ls /sys/class/net; ps | wc -l',
    ]);
    const [, name, first, ...rest] = own.stdout.trim().split('\n');
    expect([name, first]).toEqual(['inside', '/bin/busybox']);
    expect(rest.slice(0, -1).sort()).toEqual(['eth0', 'lo']);
    expect(Number(rest.at(-1))).toBeLessThanOrEqual(6);
    for (const type of ['pid', 'uts', 'net', 'ipc', 'mnt'])
      expect(readlinkSync(`/proc/${Pid}/ns/${type}`), type).not.toBe(readlinkSync(`/proc/self/ns/${type}`));
    expect(readlinkSync(`/proc/${Pid}/ns/user`)).toBe(readlinkSync('/proc/self/ns/user'));
    expect(readlinkSync(`/proc/${Pid}/root`)).toBe('/');
  });

  test('--hostname, --domainname: the host name is the short id unless it is given', async () => {
    const { id, stdout } = await c.run(['hostname']);
    expect(stdout.trim()).toBe(id.slice(0, 12));
    expect(
      await c.sh('hostname; hostname -d || true; cat /proc/sys/kernel/domainname', {
        Hostname: 'a',
        Domainname: 'example.org',
      }),
    ).toMatch(/^a\n.*example\.org$/s);
  });

  test('--pid, --ipc, --uts: those of the host', async () => {
    const id = await c.begin(['sleep', '600'], { HostConfig: { PidMode: 'host', IpcMode: 'host', UTSMode: 'host' } });
    const { Pid } = (await c.inspect(id)).State;
    for (const type of ['pid', 'uts', 'ipc'])
      expect(readlinkSync(`/proc/${Pid}/ns/${type}`), type).toBe(readlinkSync(`/proc/self/ns/${type}`));
    expect((await c.exec(id, ['hostname'])).stdout.trim()).toBe(hostname());
    expect(
      await c.refusal('POST', '/containers/create', {
        Image: 'busybox:test',
        Hostname: 'x',
        HostConfig: { UTSMode: 'host' },
      }),
    ).toMatch(/^400 conflicting options: hostname and the UTS mode/);
    await c.remove(id);
    expect(() => readFileSync(`/proc/${Pid}/stat`)).toThrow();
  });

  test('processes that are left in a namespace of the host are ended with the container', async () => {
    const id = await c.begin(['sh', '-c', 'sleep 601 & sleep 602 & wait'], { HostConfig: { PidMode: 'host' } });
    await eventually(async () =>
      expect((await c.ask('GET', `/containers/${id}/top`)).json<{ Processes: string[][] }>().Processes.length).toBe(3),
    );
    const pids = (await c.ask('GET', `/containers/${id}/top`))
      .json<{ Processes: string[][] }>()
      .Processes.map((p) => Number(p[1]));
    await c.ask('POST', `/containers/${id}/kill`);
    // Ended ones may wait for the first process of the host to be reaped.
    for (const pid of pids) expect(identifyProcess(pid), String(pid)).toBeUndefined();
  });

  test('--pid, --ipc: those of another container', async () => {
    const first = await c.begin(['sleep', '603'], { HostConfig: { IpcMode: 'shareable' } }, 'shares');
    const wish = { HostConfig: { PidMode: 'container:shares', IpcMode: `container:${first}` } };
    const id = await c.begin(['sleep', '600'], wish);
    const [a, b] = await Promise.all([first, id].map(async (one) => (await c.inspect(one)).State.Pid));
    for (const type of ['pid', 'ipc'])
      expect(readlinkSync(`/proc/${a}/ns/${type}`)).toBe(readlinkSync(`/proc/${b}/ns/${type}`));
    expect((await c.exec(id, ['ps'])).stdout).toContain('sleep 603');
    await c.ask('POST', `/containers/${first}/pause`);
    await c.remove(await c.begin(['sleep', '600'], wish)); // as with Docker, one that is paused is joined
    await c.ask('POST', `/containers/${first}/unpause`);
    await c.exec(first, ['sh', '-c', 'echo shared > /dev/shm/file']);
    expect((await c.exec(id, ['cat', '/dev/shm/file'])).stdout).toBe('shared\n');
    const priv = await c.begin(['sleep', '600'], {}, 'unshared');
    const refused = await c.create(['true'], { HostConfig: { IpcMode: 'container:unshared' } });
    expect(await c.refusal('POST', `/containers/${refused}/start`)).toMatch(/non-shareable IPC|not "shareable"/);
    await c.ask('POST', `/containers/${priv}/kill`);
    const late = await c.create(['true'], { HostConfig: { PidMode: 'container:unshared' } });
    expect(await c.refusal('POST', `/containers/${late}/start`)).toMatch(
      /^409 cannot join .* of a non running container/,
    );
  });

  test('ipc none has no shared memory', async () => {
    expect(await c.sh('grep -c " /dev/shm " /proc/mounts || true', { HostConfig: { IpcMode: 'none' } })).toBe('0');
  });
});

describe.concurrent('privileges', () => {
  test("are Docker's 14 capabilities for root, nothing inheritable or ambient, seccomp on", async () => {
    const id = await c.begin(['sleep', '600']);
    const want = {
      CapInh: '0000000000000000',
      CapPrm: DOCKER_CAPABILITIES,
      CapEff: DOCKER_CAPABILITIES,
      CapBnd: DOCKER_CAPABILITIES,
      CapAmb: '0000000000000000',
      NoNewPrivs: '0',
      Seccomp: '2',
    };
    const { Pid } = (await c.inspect(id)).State;
    await eventually(() => expect(fields(readFileSync(`/proc/${Pid}/status`, 'utf8'))).toMatchObject(want));
    expect(fields((await c.exec(id, ['sh', '-c', STATUS])).stdout)).toMatchObject(want);
  });

  test.each(['65534', 'nobody', '1234', '1234:77', 'nobody:nogroup'])(
    '--user: no capabilities for %s',
    async (User) => {
      const id = await c.begin(['sleep', '600'], { User });
      const none = '0000000000000000';
      const want = {
        CapInh: none,
        CapPrm: none,
        CapEff: none,
        CapBnd: DOCKER_CAPABILITIES,
        CapAmb: none,
        Seccomp: '2',
      };
      expect(fields((await c.exec(id, ['sh', '-c', STATUS])).stdout)).toMatchObject(want);
      const { Pid } = (await c.inspect(id)).State;
      await eventually(() => expect(fields(readFileSync(`/proc/${Pid}/status`, 'utf8'))).toMatchObject(want));
      const expected: Record<string, string> = {
        '65534': '65534:65534',
        nobody: '65534:65534',
        '1234': '1234:0',
        '1234:77': '1234:77',
        'nobody:nogroup': '65534:65534',
      };
      expect((await c.exec(id, ['sh', '-c', 'echo $(id -u):$(id -g)'])).stdout.trim()).toBe(expected[User]);
    },
  );

  test.each(['no-new-privileges', 'no-new-privileges:true', 'no-new-privileges=1'])(
    '--security-opt: %s',
    async (option) => {
      const id = await c.begin(['sleep', '600'], { HostConfig: { SecurityOpt: [option] } });
      const { Pid } = (await c.inspect(id)).State;
      await eventually(() => expect(fields(readFileSync(`/proc/${Pid}/status`, 'utf8'))['NoNewPrivs']).toBe('1'));
      expect(fields((await c.exec(id, ['sh', '-c', STATUS])).stdout)['NoNewPrivs']).toBe('1');
    },
  );

  test('--group-add: by name and number', async () => {
    const { stdout } = await c.run(['id', '-G'], { HostConfig: { GroupAdd: ['nogroup', '4321'] } });
    expect(stdout.trim().split(' ').sort()).toEqual(['0', '4321', '65534']);
    const id = await c.begin(['sleep', '600'], { User: '1000:1000', HostConfig: { GroupAdd: ['4321'] } });
    expect((await c.exec(id, ['id', '-G'])).stdout.trim()).toBe('1000 4321');
    expect((await c.exec(id, ['id', '-u'], { User: 'nobody' })).stdout.trim()).toBe('65534');
  });

  test.each([
    ['dropped one by one', { CapDrop: ['CHOWN', 'cap_kill'] }, 0xa80425fbn & ~(1n << 0n) & ~(1n << 5n)],
    ['none', { CapDrop: ['ALL'] }, 0n],
    ['all dropped but one', { CapDrop: ['all'], CapAdd: ['NET_BIND_SERVICE'] }, 1n << 10n],
    ['added', { CapAdd: ['SYS_ADMIN', 'CAP_NET_ADMIN'] }, 0xa80425fbn | (1n << 21n) | (1n << 12n)],
  ])('--cap-add, --cap-drop: %s', async (_, HostConfig, mask) => {
    const text = await c.sh(STATUS, { HostConfig });
    expect(BigInt(`0x${fields(text)['CapEff']}`)).toBe(mask);
    expect(BigInt(`0x${fields(text)['CapBnd']}`)).toBe(mask);
  });

  test('--isolation: there is one kind', async () => {
    expect((await c.run(['true'], { HostConfig: { Isolation: 'default' } })).code).toBe(0);
    expect(
      await c.refusal('POST', '/containers/create', { Image: 'busybox:test', HostConfig: { Isolation: 'hyperv' } }),
    ).toBe(`400 invalid isolation mode "hyperv", linux only supports 'default'`);
  });

  test('unknown capabilities are refused', async () => {
    expect(
      await c.refusal('POST', '/containers/create', { Image: 'busybox:test', HostConfig: { CapAdd: ['FLY'] } }),
    ).toMatch(/^400 .*(FLY)/);
  });

  test('--privileged: all capabilities of the host, no filter, devices, nothing masked', async () => {
    const own = fields(readFileSync('/proc/self/status', 'utf8'))['CapBnd'];
    const text = await c.sh(
      `${STATUS}; [ -w /proc/sys/vm/swappiness ]; [ -e /dev/kmsg ]; ! grep -E " (/proc/kcore|/proc/keys|/sys/firmware) " /proc/mounts >&2`,
      {
        HostConfig: { Privileged: true },
      },
    );
    expect(fields(text)).toMatchObject({ CapEff: own, CapBnd: own, Seccomp: '0' });
    expect(await c.sh('grep " /sys " /proc/mounts', { HostConfig: { Privileged: true } })).toMatch(/ rw,/);
  });

  test('exec --privileged: all capabilities, and the filter stays', async () => {
    const own = fields(readFileSync('/proc/self/status', 'utf8'))['CapBnd'];
    const id = await c.begin(['sleep', '600']);
    const text = (await c.exec(id, ['sh', '-c', STATUS], { Privileged: true })).stdout;
    expect(fields(text)).toMatchObject({ CapEff: own, Seccomp: '2' });
  });
});

describe.concurrent('the kernel', () => {
  const MASKED = [
    '/proc/kcore',
    '/proc/keys',
    '/proc/timer_list',
    '/proc/interrupts',
    '/proc/acpi',
    '/proc/scsi',
    '/sys/firmware',
  ];
  const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

  test('is hidden where it tells secrets and read-only where it is set', async () => {
    const seen = await c.sh(
      [
        ...MASKED.map(
          (path) =>
            `if [ -d ${path} ]; then echo "${path} dir $(ls ${path} | wc -l)"; elif [ -e ${path} ]; then echo "${path} file $(wc -c < ${path})"; fi`,
        ),
        ...READ_ONLY.map(
          (path) => `if [ -e ${path} ]; then grep -q "^[^ ]* ${path} [^ ]* ro" /proc/mounts && echo "${path} ro"; fi`,
        ),
        '! echo 1 2>/dev/null > /proc/sys/kernel/panic',
        '! mkdir /sys/fs/cgroup/escape 2>/dev/null',
        'grep -q " /sys sysfs ro" /proc/mounts',
      ].join('\n'),
    );
    for (const line of seen.split('\n')) expect(line).toMatch(/ (dir 0|file 0|ro)$/);
    expect(seen).toMatch(/\/proc\/keys file 0/);
    expect(seen).toMatch(/\/proc\/sys ro/);
  });

  test('--security-opt: systempaths=unconfined shows all of it', async () => {
    // As clients send `--security-opt systempaths=unconfined`.
    const text = await c.sh('grep -cE " /proc/(kcore|keys|sys) " /proc/mounts || true', {
      HostConfig: { MaskedPaths: [], ReadonlyPaths: [] },
    });
    expect(text).toBe('0');
  });

  test('--sysctl: those of its own namespaces can be set, others are refused', async () => {
    const HostConfig = { Sysctls: { 'net.ipv4.ip_forward': '0', 'net.core.somaxconn': '99', 'kernel.msgmax': '9999' } };
    expect(
      await c.sh('cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax', {
        HostConfig,
      }),
    ).toBe('0\n99\n9999');
    const refused = await c.engine.request('POST', '/containers/create', {
      body: { Image: 'busybox:test', Cmd: ['true'], HostConfig: { Sysctls: { 'kernel.panic': '1' } } },
    });
    const sentence =
      refused.status === 201
        ? await c.refusal('POST', `/containers/${refused.json<{ Id: string }>().Id}/start`)
        : refused.text;
    expect(sentence).toMatch(/kernel\.panic.*not in a separate kernel namespace|sysctl .*kernel\.panic/);
  });

  test('low ports and ping need no privileges', async () => {
    const text = await c.sh(
      'cat /proc/sys/net/ipv4/ip_unprivileged_port_start; cat /proc/sys/net/ipv4/ping_group_range',
    );
    expect(text.split(/\s+/)).toEqual(['0', '0', '2147483647']);
  });
});

describe.concurrent('devices', () => {
  test('are the standard ones; others cannot be opened even where their node is made', async () => {
    const text = await c.sh(
      'ls /dev; mknod /tmp/mem c 1 1 && ! head -c1 /tmp/mem 2>/dev/null; mknod /tmp/null c 1 3; echo > /tmp/null; stat -c "%a %t:%T" /dev/null',
    );
    expect(text.split(/\s+/)).toEqual(
      expect.arrayContaining(
        [
          'console',
          'core',
          'fd',
          'full',
          'mqueue',
          'null',
          'ptmx',
          'pts',
          'random',
          'shm',
          'stderr',
          'stdin',
          'stdout',
          'tty',
          'urandom',
          'zero',
        ].filter((d) => d !== 'console'),
      ),
    );
    expect(text).toMatch(/666 1:3$/);
  });

  test('--device: with its permissions', async () => {
    const device = (CgroupPermissions: string) => ({
      HostConfig: { Devices: [{ PathOnHost: '/dev/kmsg', PathInContainer: '/dev/messages', CgroupPermissions }] },
    });
    expect(
      await c.sh(
        'stat -c %t:%T /dev/messages; dd if=/dev/messages bs=8192 count=1 2>/dev/null | wc -c; ! echo x 2>/dev/null > /dev/messages',
        device('r'),
      ),
    ).toMatch(/^1:b\n\d+$/);
    expect(await c.sh('! dd if=/dev/messages bs=8192 count=1 2>/dev/null; echo ok', device('w'))).toBe('ok');
    const missing = await c.engine.request('POST', '/containers/create', {
      body: {
        Image: 'busybox:test',
        Cmd: ['true'],
        HostConfig: { Devices: [{ PathOnHost: '/dev/nope', PathInContainer: '', CgroupPermissions: 'rwm' }] },
      },
    });
    const sentence =
      missing.status === 201
        ? await c.refusal('POST', `/containers/${missing.json<{ Id: string }>().Id}/start`)
        : missing.text;
    expect(sentence).toContain(
      'error gathering device information while adding custom device "/dev/nope": no such file or directory',
    );
  });

  test('--device-cgroup-rule: allows devices', async () => {
    const HostConfig = { DeviceCgroupRules: ['c 1:11 r'] };
    expect(
      await c.sh('mknod /tmp/kmsg c 1 11; dd if=/tmp/kmsg bs=8192 count=1 2>/dev/null | wc -c', { HostConfig }),
    ).toMatch(/^\d+$/);
  });
});
