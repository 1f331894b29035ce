// @ts-check
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { arch, release } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT, SetupError } from './report.mjs';
import { run } from './run.mjs';

const DATA = '/var/lib/berth';
/** Free bytes wanted before the first set-up: npm packages, Debian packages, the first images. */
const ROOM = 2 * 1024 ** 3;

/**
 * Looks whether this machine can run containers, before anything is changed. All that is missing is said at once.
 *
 * @returns {Promise<{ said: string, value: undefined }>}
 */
export async function checkHost() {
  const problems = [...system(), ...(process.getuid?.() === 0 ? await kernel() : [])];
  if (problems.length > 0) {
    const many = problems.length > 1;
    throw new SetupError(
      `This machine is not ready for Berth:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
      `Nothing was changed. Mend ${many ? 'these points' : 'this'} and call the same command again.`,
    );
  }
  return {
    said: `Linux ${release()} on ${arch()}, root, overlayfs, bridges, nftables, cgroup ${cgroups()}`,
    value: undefined,
  };
}

/** What can be seen without asking the kernel for anything. */
function system() {
  const problems = [];
  if (process.platform !== 'linux')
    problems.push(`Linux is needed, this is ${process.platform}: containers are a feature of the Linux kernel`);
  if (!['x64', 'arm64'].includes(arch()))
    problems.push(`a 64-bit Intel, AMD or ARM processor is needed, this is ${arch()}`);
  if (process.platform === 'linux' && !existsSync('/usr/bin/apt-get'))
    problems.push(
      'Debian or a distribution made from it is needed: apt-get is not here, and the programs that Berth runs on come from Debian packages',
    );
  if (process.getuid?.() !== 0)
    problems.push(
      'root is needed to make namespaces, mounts and network links: call it with sudo, as in `sudo npm start`',
    );
  const free = freeBytes(ROOT);
  if (!existsSync(join(ROOT, 'node_modules')) && free < ROOM)
    problems.push(`2 GB of free disk space are needed in ${ROOT}, ${(free / 1024 ** 3).toFixed(1)} GB are left`);
  return problems;
}

async function kernel() {
  const problems = [];
  const scratch = mkdtempSync(join(nearest(dirname(DATA)), '.berth-probe-'));
  try {
    const probe = new URL('./kernel-probe.pl', import.meta.url).pathname;
    const ran = await run(
      'unshare',
      ['--mount', '--net', '--pid', '--ipc', '--uts', '--fork', 'perl', probe, scratch],
      { timeout: 30_000, env: { LC_ALL: 'C' } },
    );
    const missing = [...ran.out.matchAll(/^missing (\w+): (.*)$/gm)].map(
      ([, name, reason]) => `the kernel does not offer ${name} (${reason})${ADVICE[name ?? ''] ?? ''}`,
    );
    problems.push(...missing);
    if (ran.code !== 0 && missing.length === 0)
      problems.push(
        `namespaces cannot be made here (${ran.err.trim().split('\n').at(-1) || `unshare ended with ${ran.code}`}); inside a container or a restricted virtual machine Berth needs full privileges`,
      );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  if (cgroups() === '')
    problems.push(
      'no cgroup file system is mounted on /sys/fs/cgroup: `apt-get install cgroupfs-mount` mounts it on systems without systemd',
    );
  return problems;
}

/** @type {Record<string, string>} */
const ADVICE = {
  nftables: ': it needs CONFIG_NF_TABLES; try `modprobe nf_tables`',
  bridge: ': it needs CONFIG_BRIDGE; try `modprobe bridge`',
  veth: ': it needs CONFIG_VETH; try `modprobe veth`',
  overlayfs: ': it needs CONFIG_OVERLAY_FS and a file system that overlays can be made of, such as ext4 or xfs',
};

/** `v2`, `v1`, or '' when none is mounted. */
function cgroups() {
  const mounts = existsSync('/proc/self/mounts') ? readFileSync('/proc/self/mounts', 'utf8') : '';
  if (/^\S+ \/sys\/fs\/cgroup cgroup2 /m.test(mounts)) return 'v2';
  return /^\S+ \/sys\/fs\/cgroup\/\S*(memory|pids)\S* cgroup /m.test(mounts) ? 'v1' : '';
}

/** @param {string} path */
function nearest(path) {
  while (!existsSync(path)) path = dirname(path);
  return path;
}

/** @param {string} path */
function freeBytes(path) {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
