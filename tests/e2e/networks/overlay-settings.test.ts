import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from '../../support/cluster.ts';
import { type Containers, eventually, IMAGE, startContainers } from '../../support/containers.ts';
import { engineProgram } from '../../support/daemon.ts';
import { docker, run } from '../../support/docker.ts';

describe('settings of networks over several hosts', () => {
  let cluster: Cluster;
  const engines: Containers[] = [];

  beforeAll(async () => {
    cluster = await Cluster.create(3, { tls: true });
    const { ca, clientCert, clientKey } = cluster.certificates!;
    const files = [`kv.cacertfile=${ca}`, `kv.certfile=${clientCert}`, `kv.keyfile=${clientKey}`, 'kv.path=team/a'];
    const store = ['--cluster-store', cluster.storeUrl, ...files.flatMap((text) => ['--cluster-store-opt', text])];
    // The first is told its address, the second finds the link of its default route.
    for (const advertise of [['--cluster-advertise', `${cluster.hosts[0]!.address}:2376`], []]) {
      const args = [...store, ...advertise, '--overlay-port', '5000'];
      engines.push(await startContainers({ through: cluster.on(engines.length), args }));
    }
  });
  afterAll(async () => {
    for (const { engine } of engines) {
      const { stdout } = await docker(engine, ['ps', '-aq']);
      if (stdout.trim()) await docker(engine, ['rm', '-f', ...stdout.trim().split('\n')]);
    }
    const stopped = await Promise.allSettled(engines.map(({ engine }) => engine.stop()));
    await cluster?.close();
    for (const one of stopped) if (one.status === 'rejected') throw one.reason;
  });

  const on = async (host: number, ...args: string[]) => {
    const { code, stdout, stderr } = await docker(engines[host]!.engine, args);
    if (code !== 0) throw new Error(`docker ${args.join(' ')} on host ${host}: ${code} ${stderr}`);
    return stdout.trim();
  };

  test('cluster-store-opts, cluster-advertise, overlay-port: a store with TLS, addresses given and found, another port', async () => {
    await on(0, 'network', 'create', '-d', 'overlay', 'span');
    await eventually(async () => expect(await on(1, 'network', 'ls')).toContain('span'));
    await on(0, 'run', '-d', '--name', 'aa', '--network', 'span', IMAGE, 'sleep', '1000');
    await on(1, 'run', '-d', '--name', 'bb', '--network', 'span', IMAGE, 'sleep', '1000');
    await eventually(async () => void (await on(0, 'exec', 'aa', 'ping', '-c', '1', '-W', '2', 'bb')));
    for (const host of [0, 1]) {
      const { stdout } = await run(...cluster.commandOn(host, ['ip', '-d', 'link', 'show', 'type', 'vxlan']));
      expect(stdout).toMatch(new RegExp(`vxlan id 4097 local ${cluster.hosts[host]!.address} .*dstport 5000 `));
    }
  });

  test('kv.path: the records lie below it', async () => {
    const { ca, clientCert, clientKey } = cluster.certificates!;
    const key = Buffer.from('team/a/berth/networks/v1/names/span').toString('base64');
    const asked = `curl -s --cacert ${ca} --cert ${clientCert} --key ${clientKey} -d '{"key":"${key}"}' https://10.99.7.1:2379/v3/kv/range`;
    expect(await cluster.inTheMiddle(asked)).toContain('"count":"1"');
  });

  test('an engine without a certificate is not let in by the store, and says so', async () => {
    const args = [
      '--cluster-store',
      cluster.storeUrl,
      '--cluster-store-opt',
      `kv.cacertfile=${cluster.certificates!.ca}`,
    ];
    const stranger = await startContainers({ through: cluster.on(2), args });
    try {
      const { code, stderr } = await docker(stranger.engine, ['network', 'create', '-d', 'overlay', 'mine']);
      expect(code).toBe(1);
      expect(stderr).toContain('was not reached yet');
      expect(stranger.engine.output()).toMatch(/the cluster store is not there.*(certificate|alert)/);
    } finally {
      await stranger.engine.stop();
    }
  });
});

test('cluster-store-opts, cluster-advertise: what cannot be is said at the start', async () => {
  const start = (...words: string[]) => engineProgram('--data-root', '/nonexistent/a', ...words, '--validate');
  const store = ['--cluster-store', 'etcd://127.0.0.1:1'];
  const wrong = await start(...store, '--cluster-store-opt', 'kv.cacert=x');
  expect(wrong.code).not.toBe(0);
  expect(wrong.stderr + wrong.stdout).toContain('found "kv.cacert"');
  const alone = await start('--overlay-port', '5000');
  expect(alone.stderr + alone.stdout).toContain('"overlay-port" needs "cluster-store"');
});
