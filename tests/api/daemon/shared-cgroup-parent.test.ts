import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Containers, startContainers } from '../../support/containers.ts';

/** Two engines whose containers' control groups are in one place, as with two of default settings on different roots. */
let first: Containers;
let second: Containers;

beforeAll(async () => {
  first = await startContainers();
  second = await startContainers({ args: ['--cgroup-parent', first.engine.cgroupParent] });
});
afterAll(async () => {
  await second?.engine.stop();
  await first?.engine.stop();
});

test('neither takes the other one’s containers for leftovers when it starts', async () => {
  const [id, pid] = await running(first);
  const [other, otherPid] = await running(second);
  await second.engine.kill();
  await second.engine.start();
  expect((await first.inspect(id)).State).toMatchObject({ Running: true, Pid: pid });
  expect((await second.inspect(other)).State).toMatchObject({ Running: true, Pid: otherPid });
  await first.engine.kill(); // also while the other engine is down
  await second.engine.terminate();
  await second.engine.start();
  await first.engine.start();
  expect((await first.inspect(id)).State).toMatchObject({ Running: true, Pid: pid });
});

async function running(containers: Containers): Promise<[string, number]> {
  const id = await containers.begin(['sleep', '1000']);
  return [id, (await containers.inspect(id)).State.Pid];
}
