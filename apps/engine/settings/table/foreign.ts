import type { ForeignSetting } from '../setting.ts';

const SWARM = 'Berth has no swarm mode';
const CONTAINERD = 'Berth does not use containerd';

const word = (key: string, why: string, holds: readonly unknown[] = ['']): ForeignSetting => ({
  ...{ key, flag: key, isSwitch: false, holds, why },
});
const toggle = (key: string, holds: boolean, why: string): ForeignSetting => ({
  ...{ key, flag: key, isSwitch: true, holds: [holds], why },
});

/** Settings of dockerd that have no field: what Berth does instead is not a matter of choice. */
export const FOREIGN: readonly ForeignSetting[] = [
  toggle('live-restore', true, 'containers always outlive the engine'),
  toggle('iptables', true, "published ports and isolation are rules of the engine's own nftables table"),
  toggle('ip6tables', true, "published ports and isolation are rules of the engine's own nftables table"),
  toggle('ip-forward-no-drop', false, "the engine leaves the host's forward policy alone"),
  toggle('raw-logs', false, 'log lines have no colours; see log-format'),
  toggle('rootless', false, 'the engine needs root'),
  toggle('selinux-enabled', false, 'SELinux labels are not supported by this version of Berth'),
  toggle('allow-direct-routing', false, 'direct routing to published ports is not supported by this version of Berth'),
  word('bridge-accept-fwmark', 'firewall marks are not supported by this version of Berth'),
  word('firewall-backend', 'rules are always made with nftables', ['nftables', '']),
  word('userland-proxy-path', 'published ports that need a program are carried by socat'),
  word('containerd', CONTAINERD),
  word('containerd-namespace', CONTAINERD),
  word('containerd-plugins-namespace', CONTAINERD),
  word('cpu-rt-period', 'containers get the real-time CPU time that they ask for', [0]),
  word('cpu-rt-runtime', 'containers get the real-time CPU time that they ask for', [0]),
  word('network-control-plane-mtu', SWARM, [1500]),
  word('swarm-default-advertise-addr', SWARM),
  { ...word('node-generic-resources', SWARM, [[]]), flag: 'node-generic-resource' },
  { ...word('authorization-plugins', 'Berth has no plugins', [[]]), flag: 'authorization-plugin' },
  {
    ...word('exec-opts', 'control groups are made by the engine itself (cgroupfs)', [
      ['native.cgroupdriver=cgroupfs'],
      [],
    ]),
    flag: 'exec-opt',
  },
  {
    ...word('allow-nondistributable-artifacts', 'Docker gave such layers up; they are pushed as others', [[]]),
  },
  {
    ...word('features', 'such features are not supported by this version of Berth', [
      {},
      { 'containerd-snapshotter': false },
    ]),
    flag: 'feature',
  },
  {
    ...word('builder', 'the limits of the build cache are fixed in this version of Berth', [{}]),
    flag: undefined,
  },
  {
    ...word('min-api-version', 'clients are served from API version 1.24 on', ['1.24', '']),
    flag: undefined,
  },
  {
    ...word('host-gateway-ip', 'it is called "host-gateway-ips", a list'),
    flag: undefined,
  },
];
