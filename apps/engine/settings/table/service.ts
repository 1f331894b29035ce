import { absolutePath, listOf, oneOf, onOff, optional, rootPath, text, wholeNumber } from '../kinds/index.ts';
import type { Settings } from '../setting.ts';

const address = text('HOST:PORT', 'HOST:PORT', /^(\[[0-9a-fA-F:.]+\]|[^:/[\]\s]*):\d{1,5}$/);

export const service = {
  dataRoot: { key: 'data-root', flag: 'data-root', kind: rootPath, summary: 'Persistent data' },
  execRoot: { key: 'exec-root', flag: 'exec-root', kind: rootPath, summary: 'Volatile data' },
  pidFile: {
    key: 'pidfile',
    flag: 'pidfile',
    short: 'p',
    kind: absolutePath,
    summary: 'File for the process id (berth.pid in the exec root)',
  },
  labels: {
    key: 'labels',
    flag: 'label',
    kind: listOf({ placeholder: 'KEY=VALUE', items: 'labels, KEY=VALUE', check: (label) => /^[^=\s]+=/.test(label) }),
    summary: 'Label of this engine, shown by info',
    reload: true,
  },
  experimental: {
    key: 'experimental',
    flag: 'experimental',
    kind: onOff,
    summary: 'Allow experimental features',
    refused: 'no feature of this version of Berth is held back',
  },
  debug: { key: 'debug', flag: 'debug', short: 'D', kind: onOff, summary: 'Log what happens in detail', reload: true },
  logLevel: {
    key: 'log-level',
    flag: 'log-level',
    short: 'l',
    kind: oneOf('debug', 'info', 'warn', 'error'),
    summary: 'Least that is logged: debug, info, warn or error',
    reload: true,
  },
  logFormat: {
    key: 'log-format',
    flag: 'log-format',
    kind: oneOf('text', 'json'),
    summary: 'Form of log lines',
  },
  shutdownTimeout: {
    key: 'shutdown-timeout',
    flag: 'shutdown-timeout',
    kind: wholeNumber(-1, ' of seconds'),
    summary: 'Seconds that work under way gets when the engine stops, -1 without limit; containers go on',
    reload: true,
  },
  metricsAddress: {
    key: 'metrics-addr',
    flag: 'metrics-addr',
    kind: optional(address),
    summary: 'Address for Prometheus metrics: loopback, or any with --tlsverify',
  },
} satisfies Settings;
