import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startOwnRegistry } from '../../support/own-registry.ts';
import { call, digestOf, newBlob, pushBlob, startUpload } from '../../support/registry-calls.ts';

const NAME = 'team/app';

/** Sends the beginning of an upload's last request, and waits until the registry has it. */
async function beginUpload(domain: string, bytes: Buffer, part: number) {
  const url = `http://${domain}`;
  const location = await startUpload(url, NAME);
  const [host = '', port] = domain.split(':');
  const socket = connect(Number(port), host);
  const head = `PUT ${location}?digest=${digestOf(bytes)} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), bytes.subarray(0, part)]));
  await expect.poll(async () => (await call(url, 'GET', location)).headers.range).toBe(`0-${part - 1}`);
  return { socket, location };
}

it('SIGTERM: what is under way ends, nothing new begins, and the exit code is 0', async () => {
  await using registry = await startOwnRegistry();
  const bytes = newBlob(500_000);
  const { socket } = await beginUpload(registry.domain, bytes, 200_000);
  const idle = connect(Number(registry.domain.split(':')[1]), '127.0.0.1');
  await once(idle, 'connect');
  const stopping = registry.stop();
  await once(idle, 'close'); // a connection without a request is closed at once
  await expect
    .poll(() =>
      call(`http://${registry.domain}`, 'GET', '/v2/').then(
        () => 'taken',
        () => 'refused',
      ),
    )
    .toBe('refused');
  socket.write(bytes.subarray(200_000));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 201 /);
  expect(await stopping).toBe(0);
  await using again = await startOwnRegistry({ root: registry.root });
  const pulled = await call(`http://${again.domain}`, 'GET', `/v2/${NAME}/blobs/${digestOf(bytes)}`);
  expect(pulled.body.equals(bytes)).toBe(true);
});

it('SIGTERM: what does not end in time is cut off, and goes on after the next start', async () => {
  await using registry = await startOwnRegistry({ config: { limits: { stop: '300ms' } } });
  const bytes = newBlob(500_000);
  const { socket, location } = await beginUpload(registry.domain, bytes, 200_000);
  socket.on('error', () => {});
  expect(await registry.stop()).toBe(0);
  await using again = await startOwnRegistry({ root: registry.root });
  const url = `http://${again.domain}`;
  expect((await call(url, 'GET', location)).headers.range).toBe('0-199999');
  const answer = await call(url, 'PUT', `${location}?digest=${digestOf(bytes)}`, { body: bytes.subarray(200_000) });
  expect(answer.status).toBe(201);
});

it('a second signal ends it at once; what was acknowledged is there', async () => {
  await using registry = await startOwnRegistry();
  const digest = await pushBlob(`http://${registry.domain}`, NAME, newBlob());
  const { socket } = await beginUpload(registry.domain, newBlob(1000), 500);
  socket.on('error', () => {});
  const stopping = registry.stop('SIGINT');
  await expect.poll(() => registry.output()).toContain('stopping');
  await registry.stop('SIGINT');
  expect(await stopping).toBe(1);
  await using again = await startOwnRegistry({ root: registry.root });
  expect((await call(`http://${again.domain}`, 'HEAD', `/v2/${NAME}/blobs/${digest}`)).status).toBe(200);
});
