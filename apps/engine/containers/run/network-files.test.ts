import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../../config.ts';
import type { Sandbox } from '../../networks/model.ts';
import { pathsOf } from '../context.ts';
import { sampleSpec } from '../spec/spec-sample.ts';
import { writeNetworkFiles } from './network-files.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-files-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const SANDBOX = {
  namespacePath: '/ns',
  resolvConf: 'nameserver 10.0.0.53\nsearch host.example\noptions edns0\n',
  endpoints: [{ ipAddress: '10.1.2.3', ipv6Address: 'fd00::3' }],
} as unknown as Sandbox;

function written(hostConfig: object = {}, config: object = {}, sandbox: Partial<Sandbox> = {}) {
  const paths = {
    ...pathsOf(DEFAULT_CONFIG, 'x'),
    hosts: join(dir, 'hosts'),
    hostname: join(dir, 'hostname'),
    resolvConf: join(dir, 'resolv.conf'),
  };
  writeNetworkFiles(paths, sampleSpec(hostConfig, { Hostname: 'h', ...config }), { ...SANDBOX, ...sandbox }, [
    '10.1.2.1',
    'fd00::1',
  ]);
  const text = (name: string) => readFileSync(join(dir, name), 'utf8');
  return { hosts: text('hosts'), hostname: text('hostname'), resolv: text('resolv.conf') };
}

test('names and addresses of its own', () => {
  const { hosts, hostname } = written();
  expect(hostname).toBe('h\n');
  expect(hosts.split('\n')).toEqual(expect.arrayContaining(['127.0.0.1\tlocalhost', '10.1.2.3\th', 'fd00::3\th']));
  expect(written({}, { Domainname: 'd.example' }).hosts).toContain('10.1.2.3\th.d.example h\n');
});

test('hosts that were added; addresses may have colons, and the host has a name', () => {
  const { hosts } = written({ ExtraHosts: ['a:1.2.3.4', 'b:2001:db8::1', 'c=5.6.7.8', 'd:[::1]', 'e:host-gateway'] });
  expect(hosts.trimEnd().split('\n').slice(-6)).toEqual([
    '1.2.3.4\ta',
    '2001:db8::1\tb',
    '5.6.7.8\tc',
    '::1\td',
    '10.1.2.1\te',
    'fd00::1\te',
  ]);
});

test('name servers: those of the sandbox, each part replaced by what was asked for', () => {
  expect(written().resolv).toBe(SANDBOX.resolvConf);
  expect(written({ Dns: ['1.1.1.1'] }).resolv).toBe('nameserver 1.1.1.1\nsearch host.example\noptions edns0\n');
  expect(written({ DnsSearch: ['.'] }).resolv).toBe('nameserver 10.0.0.53\noptions edns0\n');
  expect(written({ DnsOptions: ['ndots:2', 'rotate'] }).resolv).toBe(
    'nameserver 10.0.0.53\nsearch host.example\noptions ndots:2 rotate\n',
  );
});

test("on the host's network: the host's files", () => {
  expect(written({ NetworkMode: 'host' }, {}, { namespacePath: undefined, endpoints: [] }).hosts).toBe(
    readFileSync('/etc/hosts', 'utf8'),
  );
});
