import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { open } from '../../support/request.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

test('an engine that is told to stop lets go of everything at once, and says nothing of failures', async () => {
  const id = await c.begin(['sh', '-c', 'while :; do echo x; sleep 0.01; done'], { OpenStdin: true });
  const terminal = await c.begin(['cat'], { OpenStdin: true, Tty: true });
  const unlogged = await c.begin(['cat'], { OpenStdin: true, HostConfig: { LogConfig: { Type: 'none', Config: {} } } });
  const restarting = await c.begin(['false'], {
    HostConfig: { RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } },
  });
  const streams = await Promise.all([
    ...[id, terminal, unlogged].map((one) => c.attach(one)),
    c.execStart(await c.execCreate(id, ['sleep', '611'], { AttachStdin: true })),
    c.execStart(await c.execCreate(id, ['sleep', '612'], { AttachStdin: true, Tty: true }), { Tty: true }),
  ]);
  const answers = await Promise.all([
    open({ socketPath: c.engine.socket }, 'GET', `/containers/${id}/logs?follow=1&stdout=1`),
    open({ socketPath: c.engine.socket }, 'POST', `/containers/${id}/wait`),
    open({ socketPath: c.engine.socket }, 'GET', '/events'),
  ]);
  const cut = answers.map((answer) => answer.toArray().catch(() => []));
  const created = await Promise.all(Array.from({ length: 6 }, () => c.create(['sleep', '600'])));
  // Under way when the signal comes.
  const underWay = [
    ...created.map((one) => c.engine.request('POST', `/containers/${one}/start`)),
    c.engine.request('POST', `/containers/${terminal}/stop?t=60`),
  ].map((request) =>
    request.then(
      ({ status }) => status,
      () => 0,
    ),
  );
  const begun = performance.now();
  await c.engine.terminate();
  expect(performance.now() - begun).toBeLessThan(8000);
  await Promise.all([...cut, ...streams.map((stream) => stream.ended), ...underWay]);
  for (const stream of streams) stream.destroy();
  expect(c.engine.output()).not.toMatch(/was not handled|level=error|did not stop cleanly|Error:/);

  await c.engine.start();
  expect((await c.inspect(id)).State.Running).toBe(true);
  await eventually(async () => expect((await c.inspect(restarting)).RestartCount).toBeGreaterThan(0));
  for (const one of created) {
    const { Status, Pid } = (await c.inspect(one)).State;
    if (Status === 'running') expect(Pid).toBeGreaterThan(0);
    else await c.start(one);
  }
  const again = await c.attach(id, 'stream=1&stdout=1');
  await again.until('x\n');
  again.destroy();
});

test('huge and odd requests are refused, and nothing else suffers', async () => {
  const long = 'x'.repeat(3 * 1024 * 1024);
  // The kernel takes no single argument or variable above 128 KiB.
  for (const body of [{ Cmd: ['echo', long] }, { Cmd: ['true'], Env: [`A=${long}`] }]) {
    const answer = await c.engine.request('POST', '/containers/create', { body: { Image: 'busybox:test', ...body } });
    if (answer.status !== 201) continue;
    const { Id } = answer.json<{ Id: string }>();
    const started = await c.engine.request('POST', `/containers/${Id}/start`);
    if (started.status === 204) expect(await c.wait(Id)).toBeGreaterThan(0);
    else expect([400, 500]).toContain(started.status);
  }
  const id = await c.begin(['sleep', '600']);
  const outcome = await c.exec(id, ['echo', long]);
  expect(outcome.code).toBeGreaterThan(0);
  expect((await c.exec(id, ['echo', 'alive'])).stdout).toBe('alive\n');
  expect(await c.refusal('GET', `/containers/${'a'.repeat(5000)}/json`)).toMatch(/^404 /);
});
