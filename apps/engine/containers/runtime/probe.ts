import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BerthError, describeError, type Logger } from '@berth/kit';
import type { RegisteredRuntime } from '../../config.ts';
import { type CgroupHost, detectCgroups, mountUnusedControllers, removeCgroup } from '../../linux/cgroup.ts';
import { minimalProgram } from './minimal-program.ts';
import { findRuntime, type OciRuntime } from './oci-runtime.ts';

const run = promisify(execFile);

export interface ProbeResult {
  runtime: OciRuntime;
  cgroups: CgroupHost;
  /** Sentences for `info`, when something other than the first choice is used. */
  warnings: string[];
}

/**
 * Finds the OCI runtime by running a container with each candidate: crun, else runc, or only the one that was asked for.
 * crun refuses hybrid cgroup hosts whose v2 side has controllers left: these are then mounted as v1, if allowed.
 * Errors: unavailable with each candidate's reason.
 */
export async function probeRuntime(options: {
  wanted: string | undefined;
  /** Further runtimes by name. */
  runtimes: Readonly<Record<string, RegisteredRuntime>>;
  mountCgroups: boolean;
  execRoot: string;
  cgroupParent: string;
  log: Logger;
}): Promise<ProbeResult> {
  const stateRoot = join(options.execRoot, 'runtime');
  await mkdir(stateRoot, { recursive: true, mode: 0o700 });
  const reasons: string[] = [];
  for (const name of options.wanted === undefined ? ['crun', 'runc'] : [options.wanted]) {
    let cgroups = detectCgroups();
    try {
      const runtime = await findRuntime(name, stateRoot, options.runtimes[name]);
      let failure = await tryToRun(runtime, options, cgroups);
      if (
        failure !== undefined &&
        options.mountCgroups &&
        cgroups.version === 1 &&
        cgroups.unifiedControllers.length > 0
      ) {
        const mounted = mountUnusedControllers(cgroups);
        options.log.info(
          'mounted unused cgroup v2 controllers as v1, as cgroupfs-mount does, so that the runtime accepts this host',
          { controllers: mounted.join(',') },
        );
        cgroups = detectCgroups();
        failure = await tryToRun(runtime, options, cgroups);
      }
      if (failure === undefined) {
        const warnings = reasons.map((reason) => `${reason}; using ${name} instead`);
        return { runtime, cgroups, warnings };
      }
      reasons.push(`${name} ${runtime.version} cannot run a container here: ${failure}`);
    } catch (error) {
      reasons.push(describeError(error).replaceAll('\n', ' '));
    }
  }
  throw new BerthError(
    'unavailable',
    `no OCI runtime can run a container on this host:\n${reasons.map((r) => `  ${r}`).join('\n')}`,
  );
}

/** Undefined when a container ran to its end, else the runtime's words. */
async function tryToRun(
  runtime: OciRuntime,
  options: { execRoot: string; cgroupParent: string },
  cgroups: CgroupHost,
): Promise<string | undefined> {
  const bundle = await mkdtemp(join(options.execRoot, 'probe-'));
  const id = bundle.slice(bundle.lastIndexOf('/') + 1);
  const cgroupsPath = `${options.cgroupParent}/${id}`;
  try {
    for (const dir of ['proc', 'dev']) await mkdir(join(bundle, 'rootfs', dir), { recursive: true });
    await writeFile(join(bundle, 'rootfs', 'init'), minimalProgram(), { mode: 0o755 });
    await writeFile(join(bundle, 'config.json'), JSON.stringify(probeSpec(cgroupsPath)));
    await run(runtime.program, [...runtime.args, '--root', runtime.stateRoot, 'run', '--bundle', bundle, id], {
      timeout: 20_000,
    });
    return undefined;
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    return stderr || describeError(error);
  } finally {
    await run(runtime.program, [...runtime.args, '--root', runtime.stateRoot, 'delete', '--force', id]).catch(
      () => undefined,
    ); // gone already, normally
    removeCgroup(cgroups, cgroupsPath);
    await rm(bundle, { recursive: true, force: true });
  }
}

function probeSpec(cgroupsPath: string): object {
  return {
    ociVersion: '1.0.2',
    root: { path: 'rootfs', readonly: true },
    process: { terminal: false, user: { uid: 0, gid: 0 }, args: ['/init'], cwd: '/', env: [], noNewPrivileges: true },
    hostname: 'probe',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'size=64k'] },
    ],
    linux: {
      cgroupsPath,
      resources: { pids: { limit: 8 } },
      namespaces: ['pid', 'mount', 'ipc', 'uts', 'network'].map((type) => ({ type })),
    },
  };
}
