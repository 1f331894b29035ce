import { existsSync, writeFileSync } from 'node:fs';
import type { BuildPlan, Root, RunOperation } from '@berth/dockerfile';
import { BerthError, Scope } from '@berth/kit';
import { formatPlatform, hostPlatform } from '../../images/index.ts';
import type { Build } from '../build-context.ts';
import { digestOfFiles } from '../cache/store.ts';
import type { NewLayer } from '../files/file-work.ts';
import type { BuildRequest } from '../model.ts';
import { privateDirectory } from '../mounts/private-directory.ts';
import { type MountRoot, mountFacts, prepareMounts, type RunMounts } from '../mounts/run-mounts.ts';
import { baseOf, type StageImage } from '../stage-image.ts';
import { cachedStep, type StepPlace } from './cached-step.ts';
import type { StepOutcome } from './config-step.ts';
import { runHistory } from './history.ts';
import { below } from './image-layers.ts';

type Place = StepPlace & { operation: RunOperation };

interface Options {
  useCache: boolean;
  rootOf(root: Root): Promise<MountRoot>;
}

/** RUN: a program in a container on the image so far; what it changes is the layer. */
export async function runStep(place: Place, { useCache, rootOf }: Options): Promise<StepOutcome> {
  const { operation, before, build } = place;
  checkEntitlements(build, operation);
  checkRunnable(before);
  const files = await mountFacts(operation.mounts, rootOf);
  return cachedStep(place, {
    inputs: {
      base: baseOf(before),
      instruction: JSON.stringify(operation.argv),
      arguments: Object.fromEntries(operation.args.map(({ name, value }) => [name, value])),
      settings: settingsOf(build, operation),
      filesDigest: digestOfFiles(files),
    },
    files,
    useCache,
    createdBy: runHistory(operation),
    make: (signal, tell) => run(place, { rootOf, signal, tell }),
  });
}

function settingsOf({ request }: Build, operation: RunOperation): Record<string, string> {
  const { network, security, workdir, user, environment, instruction, script, devices } = operation;
  return {
    network: network === 'default' ? request.run.NetworkMode : network,
    ...{ security, workdir, user },
    environment: JSON.stringify(environment),
    mounts: JSON.stringify(instruction.kind === 'run' ? instruction.mounts.map(({ text }) => text) : []),
    script: script?.text ?? '',
    devices: JSON.stringify(devices),
  };
}

/** Errors: forbidden, naming what would have to be allowed; `device` allows any, `device=NAME` one. */
function checkEntitlements({ request }: Build, { network, security, devices }: RunOperation): void {
  const needed = [
    ...(security === 'insecure' ? ['security.insecure'] : []),
    ...(network === 'host' && request.run.NetworkMode !== 'host' ? ['network.host'] : []),
    ...devices.map(({ name }) => `device=${name}`),
  ];
  const isAllowed = (name: string) =>
    request.session?.allow.some((given) => given === name || (given === 'device' && name.startsWith('device=')));
  const missing = needed.find((name) => !isAllowed(name));
  if (missing === undefined) return;
  throw new BerthError('forbidden', `${missing} is not allowed`, {
    hint: `Allow it for this build: --allow ${missing}`,
  });
}

/** Errors: invalid for an image of another architecture on a host that has no emulation of it. */
function checkRunnable({ platform }: StageImage): void {
  const here = hostPlatform();
  if (platform.os === here.os && platform.architecture === here.architecture) return;
  if (platform.os === 'linux' && isEmulated(platform.architecture)) return;
  throw new BerthError(
    'invalid',
    `cannot run a program of ${formatPlatform(platform)}: this host is ${formatPlatform(here)} and has no emulation of it`,
    { hint: 'Install one, such as qemu-user-static with binfmt-support, or build for another --platform.' },
  );
}

const BINFMT = '/proc/sys/fs/binfmt_misc';
/** Names of architectures in QEMU where they are others. */
const QEMU: Record<string, string> = { amd64: 'x86_64', arm64: 'aarch64', 386: 'i386', ppc64le: 'ppc64le' };

function isEmulated(architecture: string): boolean {
  return existsSync(`${BINFMT}/qemu-${QEMU[architecture] ?? architecture}`);
}

async function run(
  { build, operation, before, reporter }: Place,
  {
    rootOf,
    signal,
    tell,
  }: Pick<Options, 'rootOf'> & { signal: AbortSignal; tell: (stream: 1 | 2, bytes: Buffer) => void },
): Promise<NewLayer> {
  await using scope = new Scope();
  const directory = privateDirectory(build.builder.config.execRoot, scope);
  const mounts = await prepareMounts(operation.mounts, { build, rootOf, directory, scope, signal });
  const { script } = operation;
  if (script) {
    const path = directory.file();
    writeFileSync(path, script.text, { mode: 0o755 });
    mounts.wishes.push({ Type: 'bind', Source: path, Target: script.path, ReadOnly: true });
  }
  const image = before.image?.id ?? emptyImage(build, before);
  let layer: NewLayer;
  const { id, exitCode } = await build.builder.steps.run({
    body: bodyOf(build, operation, mounts, image),
    hiddenEnvironment: mounts.secrets,
    keepFailed: build.request.version === '1' && !build.request.session && !build.request.forceRemove,
    signal,
    onCreated: (container) => reporter.running(container),
    onOutput: tell,
    take: async (made) => {
      layer = await build.builder.files.seal(below(build, before, operation), { ...made, targets: mounts.targets });
    },
  });
  if (exitCode === 0 || build.request.forceRemove) reporter.removed(id);
  if (exitCode !== 0) throw failed(operation, exitCode);
  return layer;
}

function failed({ argv }: RunOperation, exitCode: number): BerthError {
  return new BerthError('invalid', `The command '${argv.join(' ')}' returned a non-zero code: ${exitCode}`, {
    details: { exitCode, command: argv.join(' ') },
  });
}

/** A container needs an image, also one of nothing. */
function emptyImage({ builder }: Build, { platform }: StageImage): string {
  const config = { ...platform, config: {}, rootfs: { type: 'layers' as const, diff_ids: [] }, history: [] };
  return builder.images.drafts.add(config, [], '').id;
}

/** BuildKit's steps have a name of their own, the classic builder's that of their container. */
function hostname({ globals }: BuildPlan, { buildArgs, version }: BuildRequest): { Hostname?: string } {
  const name = globals.get(HOSTNAME) ?? buildArgs[HOSTNAME];
  if (name) return { Hostname: name };
  return version === '2' ? { Hostname: 'buildkitsandbox' } : {};
}

const HOSTNAME = 'BUILDKIT_SANDBOX_HOSTNAME';

function bodyOf(
  { plan, request }: Build,
  operation: RunOperation,
  mounts: RunMounts,
  image: string,
): Record<string, unknown> {
  const { argv, environment, proxies, workdir, user, network, security, devices } = operation;
  const { NetworkMode, ...settings } = request.run;
  return {
    Image: image,
    Entrypoint: [],
    Cmd: argv,
    Env: [...environment, ...proxies, ...mounts.environment],
    WorkingDir: workdir,
    User: user,
    ...hostname(plan, request),
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      ...settings,
      NetworkMode: network === 'default' ? NetworkMode || 'default' : network,
      Privileged: security === 'insecure',
      Mounts: mounts.wishes,
      ...(devices.length > 0 && {
        DeviceRequests: [{ Driver: 'cdi', DeviceIDs: devices.map(({ name }) => name) }],
      }),
    },
  };
}
