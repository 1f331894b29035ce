// Results of builds beside those of Debian's Docker, by its classic builder and by its BuildKit: files with names, modes,
// owners, links, contents and extended attributes, and the configuration. The same client, Debian's, asks all three.
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, startContainers } from '../../support/containers.ts';
import {
  DEBIAN_CLIENT,
  type DebianDocker,
  missingDebianDocker,
  startDebianDocker,
} from '../../support/debian-docker.ts';
import { type ImageTree, imageTree } from '../../support/image-tree.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import type { Builder, CorpusCase, CorpusFile } from './corpus/case.ts';
import { COPIES } from './corpus/copy.ts';
import { SETTINGS } from './corpus/settings.ts';
import { RUNS, STAGES } from './corpus/steps.ts';

const missing = missingDebianDocker();
const run = promisify(execFile);
const BASES = [busyboxImage(['base:test'], { config: { Cmd: ['sh'], Env: ['PATH=/bin'], Labels: { of: 'base' } } })];
const LIMIT = 256 * 1024 * 1024;

let folder: string;
let docker: DebianDocker;
let c: Containers;

beforeAll(async () => {
  if (missing !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'berth-corpus-'));
  writeFileSync(join(folder, 'bases.tar'), dockerArchive(BASES));
  [docker, c] = await Promise.all([startDebianDocker(), startContainers({ images: BASES })]);
  docker.docker('load', '-i', join(folder, 'bases.tar'));
  // an image with triggers, made by each builder itself
  const triggers = {
    name: 'onbuild',
    dockerfile: 'FROM base:test\nONBUILD COPY *.txt /copied\nONBUILD ENV FROM=trigger\nONBUILD RUN echo $FROM > /ran',
  };
  const context = contextOf(triggers);
  await client(docker.host, '0', ['build', '-q', '-t', 'onbuild:test', context]);
  await client(c.engine.host, '0', ['build', '-q', '-t', 'onbuild:test', context]);
});
afterAll(async () => {
  if (missing !== undefined) return;
  await docker?.close();
  await c?.engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(missing !== undefined)(
  `results beside Debian's Docker${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    describe.each([
      ['COPY and ADD', COPIES],
      ['RUN', RUNS],
      ['stages', STAGES],
      ['settings', SETTINGS],
    ])('%s', (_title, cases) => {
      test.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
        const context = contextOf(one);
        const builders: Builder[] = one.only ?? ['classic', 'buildkit'];
        const results = await Promise.all(
          builders.map((builder) =>
            Promise.all([built('ours', builder, one, context), built('theirs', builder, one, context)]),
          ),
        );
        for (const [index, builder] of builders.entries()) {
          const left = one.differs?.[builder] ?? {};
          const [ours, theirs] = results[index]!.map((tree) => without(comparable(tree), left));
          expect.soft(ours, `${builder}\n${one.dockerfile}`).toEqual(theirs);
        }
      });
    });
  },
);

/** Makes the files of a case and its Dockerfile. */
function contextOf({ dockerfile, files = {} }: CorpusCase): string {
  const context = mkdtempSync(join(folder, 'context-'));
  for (const [name, file] of Object.entries({ Dockerfile: dockerfile, ...files })) make(context, name, file);
  return context;
}

function make(context: string, name: string, file: CorpusFile): void {
  const path = join(context, name);
  mkdirSync(dirname(path), { recursive: true });
  if (typeof file === 'string') writeFileSync(path, file);
  else if ('link' in file) symlinkSync(file.link, path);
  else if ('same' in file) linkSync(join(context, file.same), path);
  else {
    if ('folder' in file) mkdirSync(path, { recursive: true });
    else {
      writeFileSync(path, file.content);
      chownSync(path, file.uid ?? 0, file.gid ?? 0);
    }
    if (file.mode !== undefined) chmodSync(path, file.mode);
  }
}

let count = 0;

/** Builds and reads the result: beside the classic builder with the same client, beside BuildKit with our own. */
async function built(whose: 'ours' | 'theirs', builder: Builder, one: CorpusCase, context: string): Promise<ImageTree> {
  const name = `result:${builder}-${count++}`;
  const host = whose === 'ours' ? c.engine.host : docker.host;
  const args = ['build', '--network', 'none', '-t', name, ...(one.args ?? []), context];
  if (builder === 'buildkit' && whose === 'ours') await berth(host, args);
  else await client(host, builder === 'buildkit' ? '1' : '0', args);
  const { stdout } = await run(DEBIAN_CLIENT, ['--host', host, 'save', name], { encoding: 'buffer', maxBuffer: LIMIT });
  return imageTree(stdout);
}

async function client(host: string, kit: '0' | '1', args: string[]): Promise<void> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, DOCKER_BUILDKIT: kit, BUILDKIT_PROGRESS: 'plain' };
  await run(DEBIAN_CLIENT, ['--host', host, ...args], { env, timeout: 80_000 });
}

async function berth(host: string, args: string[]): Promise<void> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
  const main = join(import.meta.dirname, '../../../apps/cli/main.ts');
  await run(process.execPath, [main, '--host', host, ...args, '--progress', 'plain'], { env, timeout: 80_000 });
}

/** Files, and those settings that a Dockerfile makes; what is empty is as good as absent. */
function comparable({ files, configuration }: ImageTree): Record<string, unknown> {
  const config = Object.entries(configuration['config'] ?? {});
  const settings = [...config, ...['author', 'os', 'architecture'].map((name) => [name, configuration[name]] as const)]
    .filter(([name]) => !NOT_SETTINGS.has(name))
    .filter(([, value]) => !isEmpty(value))
    .map(([name, value]) => [`config.${name}`, value]);
  return { ...files, ...Object.fromEntries(settings) };
}

/** Of the container that the classic builder committed, and a mark that means something on Windows only. */
const NOT_SETTINGS = new Set(
  'Hostname Domainname Image AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce ArgsEscaped'.split(' '),
);

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function without(all: Record<string, unknown>, left: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !Object.hasOwn(left, name)));
}
