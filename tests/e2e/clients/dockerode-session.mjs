// What a program does with dockerode: run by clients.test.ts with DOCKER_HOST, an image archive and its reference.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import Docker from 'dockerode';

const [archive, image] = process.argv.slice(2);
assert(archive && image);
const docker = new Docker({ socketPath: process.env['DOCKER_HOST']?.replace('unix://', '') });
const text = async (/** @type {AsyncIterable<Buffer>} */ stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
};
/** stdout and stderr of a framed stream. */
const parts = async (/** @type {NodeJS.ReadableStream} */ stream) => {
  const [out, err] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, out, err);
  stream.on('end', () => {
    out.end();
    err.end();
  });
  return { out: await text(out), err: await text(err) };
};

assert.equal((await docker.ping()).toString(), 'OK');
assert.equal((await docker.version()).ApiVersion, '1.50');
assert.equal((await docker.info()).OSType, 'linux');

const loaded = await docker.loadImage(archive, {});
await new Promise((resolve, reject) =>
  docker.modem.followProgress(loaded, (error, lines) => (error ? reject(error) : resolve(lines))),
);
assert.ok((await docker.listImages()).some(({ RepoTags }) => RepoTags.includes(image)));
assert.match((await docker.getImage(image).inspect()).Id, /^sha256:/);
await assert.rejects(docker.getImage('no-such').inspect(), { statusCode: 404, reason: 'no such image' });

const events = await docker.getEvents({ filters: { type: ['container'], event: ['start', 'die'] } });
/** @type {string[]} */
const seen = [];
events.on('data', (chunk) =>
  seen.push(
    ...String(chunk)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).Action),
  ),
);

const bytes = randomBytes(1024 * 1024);
const cat = await docker.createContainer({
  Image: image,
  Cmd: ['cat'],
  OpenStdin: true,
  StdinOnce: true,
  AttachStdin: true,
});
const attached = await cat.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
await cat.start();
const echoed = parts(attached);
attached.end(bytes);
assert.equal(
  createHash('sha256')
    .update((await echoed).out)
    .digest('hex'),
  createHash('sha256').update(bytes).digest('hex'),
);
assert.equal((await cat.wait()).StatusCode, 0);
await cat.remove();

const talker = await docker.createContainer({
  Image: image,
  Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 3'],
  Labels: { session: 'yes' },
});
const watched = await talker.attach({ stream: true, stdout: true, stderr: true });
const waiting = talker.wait({ condition: 'next-exit' });
await talker.start();
const { out, err } = await parts(watched);
assert.deepEqual([out.toString(), err.toString()], ['out\n', 'err\n']);
assert.equal((await waiting).StatusCode, 3);
const logs = await talker.logs({ stdout: true, stderr: true });
assert.match(logs.toString('latin1'), /out\n.*err\n/s);
assert.deepEqual(
  (await docker.listContainers({ all: true, filters: { label: ['session=yes'] } })).map(({ Id }) => Id),
  [talker.id],
);
await talker.remove();

const sleeper = await docker.createContainer({ Image: image, Cmd: ['sleep', '1000'], name: 'dockerode-sleeper' });
await sleeper.start();
await assert.rejects(sleeper.remove(), { statusCode: 409 });
const exec = await sleeper.exec({
  Cmd: ['sh', '-c', 'cat; exit 4'],
  AttachStdin: true,
  AttachStdout: true,
  AttachStderr: true,
});
const session = await exec.start({ hijack: true, stdin: true });
const answered = parts(session);
session.end('typed');
assert.equal((await answered).out.toString(), 'typed');
assert.equal((await exec.inspect()).ExitCode, 4);
assert.equal((await docker.getContainer('/dockerode-sleeper').inspect()).State.Running, true);
await sleeper.pause();
await sleeper.unpause();
await sleeper.stop({ t: 0 });
await assert.doesNotReject(sleeper.remove());

const output = new PassThrough();
const shown = text(output);
const [result, container] = await docker.run(image, ['echo', 'ran'], output, { Tty: true });
output.end();
assert.deepEqual([result.StatusCode, (await shown).toString()], [0, 'ran\r\n']);
await container.remove();

events.destroy();
assert.equal(seen.filter((action) => action === 'start').length, 4);
process.stdout.write('every step went well\n');
