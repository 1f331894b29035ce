import type { KeyCase } from './key-case.ts';

/** What a container may do and use: rights, namespaces, devices, resources. */
export const LIMITS_KEYS: readonly KeyCase[] = [
  {
    keys: ['S.privileged'],
    app: '    privileged: true\n',
    run: 'grep CapEff /proc/self/status',
    shows: /0000003f|000001ff|000000ff/,
  },
  {
    keys: ['S.cap_add', 'S.cap_drop'],
    app: '    cap_add: [NET_ADMIN]\n    cap_drop: [CHOWN]\n',
    run: 'grep CapEff /proc/self/status',
    shows: /CapEff:\t0{8}a80435fa|CapEff:\t00000000a804[0-9a-f]{2}f[a-e]/,
  },
  {
    keys: ['S.security_opt'],
    app: '    security_opt: ["no-new-privileges:true"]\n',
    run: 'grep NoNewPrivs /proc/self/status',
    shows: '1',
  },
  {
    keys: ['S.sysctls'],
    app: '    sysctls: {net.core.somaxconn: 77}\n',
    run: 'cat /proc/sys/net/core/somaxconn',
    shows: '77',
  },
  {
    keys: ['S.ulimits', 'S.ulimits.*.soft', 'S.ulimits.*.hard'],
    app: '    ulimits: {nofile: {soft: 500, hard: 600}, nproc: 70}\n',
    run: 'ulimit -Sn; ulimit -Hn',
    shows: '500\n600',
  },
  {
    keys: ['S.mem_limit', 'S.memswap_limit', 'S.mem_reservation', 'S.mem_swappiness'],
    app: '    mem_limit: 64m\n    memswap_limit: 128m\n    mem_reservation: 32m\n    mem_swappiness: 10\n',
    inspect:
      '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.MemoryReservation}} {{.HostConfig.MemorySwappiness}}',
    shows: '67108864 134217728 33554432 10',
  },
  { keys: ['S.cpus'], app: '    cpus: 0.5\n', inspect: '{{.HostConfig.NanoCpus}}', shows: '500000000' },
  {
    keys: ['S.cpu_shares', 'S.cpu_period', 'S.cpu_quota', 'S.cpuset'],
    app: '    cpu_shares: 512\n    cpu_period: 50ms\n    cpu_quota: 25000\n    cpuset: "0"\n',
    inspect: '{{.HostConfig.CpuShares}} {{.HostConfig.CpuPeriod}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpusetCpus}}',
    shows: '512 50000 25000 0',
  },
  { keys: ['S.pids_limit'], app: '    pids_limit: 55\n', inspect: '{{.HostConfig.PidsLimit}}', shows: '55' },
  {
    keys: ['S.oom_score_adj', 'S.oom_kill_disable'],
    app: '    oom_score_adj: 300\n    oom_kill_disable: false\n',
    run: 'cat /proc/1/oom_score_adj',
    shows: '300',
  },
  {
    keys: ['S.blkio_config', 'S.blkio_config.weight'],
    app: '    blkio_config: {weight: 300}\n',
    inspect: '{{.HostConfig.BlkioWeight}}',
    shows: '300',
  },
  {
    keys: ['S.devices', 'S.devices[].source', 'S.devices[].target', 'S.devices[].permissions'],
    app: '    devices: [{source: /dev/null, target: /dev/nothing, permissions: rw}]\n',
    run: 'ls -l /dev/nothing',
    shows: /^c.* 1, +3 /,
  },
  {
    keys: ['S.device_cgroup_rules'],
    app: '    device_cgroup_rules: ["c 1:3 rwm"]\n',
    inspect: '{{.HostConfig.DeviceCgroupRules}}',
    shows: 'c 1:3 rwm',
  },
  { keys: ['S.cgroup'], app: '    cgroup: private\n', inspect: '{{.HostConfig.CgroupnsMode}}', shows: 'private' },
  { keys: ['S.ipc'], app: '    ipc: shareable\n', inspect: '{{.HostConfig.IpcMode}}', shows: 'shareable' },
  {
    keys: ['S.pid'],
    app: '    pid: "service:db"\n',
    more: 'SERVICE db:\n    command: sleep 4242\n',
    run: 'ps',
    shows: 'sleep 4242',
  },
  { keys: ['S.uts'], app: '    uts: host\n', inspect: '{{.HostConfig.UTSMode}}', shows: 'host' },
  { keys: ['S.userns_mode'], app: '    userns_mode: host\n', inspect: '{{.HostConfig.UsernsMode}}', shows: 'host' },
  {
    keys: [
      'S.deploy.resources',
      'S.deploy.resources.limits',
      'S.deploy.resources.limits.cpus',
      'S.deploy.resources.limits.memory',
      'S.deploy.resources.limits.pids',
      'S.deploy.resources.reservations',
      'S.deploy.resources.reservations.memory',
    ],
    app: '    deploy: {resources: {limits: {cpus: "0.25", memory: 50M, pids: 40}, reservations: {memory: 20M}}}\n',
    inspect:
      '{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.MemoryReservation}}',
    shows: '250000000 52428800 40 20971520',
  },
  { keys: ['S.runtime'], app: '    runtime: crun\n', inspect: '{{.HostConfig.Runtime}}', shows: 'crun' },
  {
    keys: ['S.cgroup_parent'],
    app: '    cgroup_parent: /keys-parent\n',
    inspect: '{{.HostConfig.CgroupParent}}',
    shows: '/keys-parent',
  },
];
