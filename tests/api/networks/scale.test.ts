import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Containers, startContainers } from '../../support/containers.ts';

const NETWORKS = 100;
const CYCLES = 100;

let the: Containers;
beforeAll(async () => {
  // Of the range for carriers, where no other test looks for addresses.
  const pool = `base=100.${randomInt(64, 128)}.${randomInt(4) * 64}.0/18,size=26`;
  the = await startContainers({ args: ['--address-pool', pool] });
});
afterAll(() => the.engine.stop());

const descriptors = () => readdirSync(`/proc/${the.engine.pid}/fd`).length;

test(`${NETWORKS} networks, ${CYCLES} times joined and left: nothing stays behind`, { timeout: 300_000 }, async () => {
  const names = Array.from({ length: NETWORKS }, (_, index) => `net${index}`);
  for (const Name of names) await the.ask('POST', '/networks/create', { Name });
  const subnets = (await the.ask('GET', '/networks')).json<{ IPAM: { Config: { Subnet: string }[] | null } }[]>();
  expect(new Set(subnets.flatMap(({ IPAM }) => IPAM.Config?.[0]?.Subnet ?? [])).size).toBe(NETWORKS + 1);
  const id = await the.begin(['sleep', '1000'], { HostConfig: { NetworkMode: 'net0' } }, 'wanderer');
  const before = await state(id);
  const open = descriptors();
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const path = `/networks/net${1 + (cycle % (NETWORKS - 1))}`;
    await the.ask('POST', `${path}/connect`, { Container: id });
    await the.ask('POST', `${path}/disconnect`, { Container: id, Force: cycle % 2 === 0 });
  }
  expect(await state(id)).toEqual(before);
  expect(descriptors()).toBeLessThanOrEqual(open + 2); // a connection of a client may be open
  // An engine that finds hundreds of networks knows them all, and the container goes on.
  await the.engine.kill();
  await the.engine.start();
  expect(await state(id)).toEqual(before);
  await the.remove(id);
  for (const name of names) await the.ask('DELETE', `/networks/${name}`);
});

/** All that a container sees of its network. */
async function state(id: string): Promise<string> {
  const script = 'ip addr; ip route; cat /etc/hosts /etc/resolv.conf; nslookup -type=a wanderer | tail -n 3';
  return (await the.exec(id, ['sh', '-c', script])).stdout;
}
