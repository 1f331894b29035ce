import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type Containers, startContainers } from '../../support/containers.ts';
import { run } from '../../support/docker.ts';

let c: Containers;
let id: string;
beforeAll(async () => {
  c = await startContainers();
  id = await c.create(['true'], {}, 'frozen');
});
afterAll(async () => {
  await c.engine.stop();
});

const WHY = 'checkpoints are not supported by Berth: they need CRIU';

test('checkpoints are refused with the reason', async () => {
  for (const [method, path] of [
    ['GET', ''],
    ['POST', ''],
    ['DELETE', '/x'],
  ] as const)
    expect(await c.refusal(method, `/containers/${id}/checkpoints${path}`)).toContain(`501 ${WHY}`);
  expect(await c.refusal('POST', `/containers/${id}/start?checkpoint=x`)).toContain(`501 ${WHY}`);
  expect((await c.inspect(id)).State.Status).toBe('created');
});

test.each([
  ['checkpoint', 'create', 'frozen', 'x'],
  ['checkpoint', 'create', '--leave-running', '--checkpoint-dir', '/x', 'frozen', 'x'],
  ['checkpoint', 'ls', 'frozen'],
  ['checkpoint', 'list', 'frozen'],
  ['checkpoint', 'rm', 'frozen', 'x'],
  ['checkpoint', 'remove', '--checkpoint-dir', '/x', 'frozen', 'x'],
  ['start', '--checkpoint', 'x', 'frozen'],
  ['start', '-a', '--checkpoint', 'x', '--checkpoint-dir', '/x', 'frozen'],
])('berth %s %s %s', async (...args) => {
  const said = await run(clientProgram('berth'), args, { env: { DOCKER_HOST: c.engine.host } });
  expect(said).toMatchObject({ code: 1, stdout: '' });
  expect(said.stderr).toContain(`Error response from daemon: ${WHY}`);
});

test('--checkpoint is for one container', async () => {
  const args = ['start', '--checkpoint', 'x', 'frozen', 'frozen'];
  expect(await run(clientProgram('berth'), args, { env: { DOCKER_HOST: c.engine.host } })).toMatchObject({
    ...{ code: 1, stderr: 'you cannot restore multiple containers at once\n' },
  });
});
