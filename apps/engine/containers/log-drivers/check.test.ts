import { describe, expect, test } from 'vitest';
import { checkLogging, withDefaults } from './check.ts';
import { fileLimits } from './file-options.ts';
import { parseRemoteOptions } from './remote-options.ts';

const refusal = (Type: string, Config: Record<string, string> = {}) => {
  try {
    checkLogging({ Type, Config });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'taken';
};

describe('drivers and options', () => {
  test.each([
    ['x', {}, "logger: no log driver named 'x' is registered"],
    ['', {}, "logger: no log driver named '' is registered"],
    ['constructor', {}, "logger: no log driver named 'constructor' is registered"],
    ['awslogs', {}, 'log driver "awslogs" is not supported by Berth: it does not speak to that service'],
    [
      'splunk',
      { 'splunk-token': 'x' },
      'log driver "splunk" is not supported by Berth: it does not speak to that service',
    ],
    ['json-file', { x: '1' }, "unknown log opt 'x' for json-file log driver"],
    ['local', { x: '1' }, "unknown log opt 'x' for log driver local"],
    ['none', { 'max-size': '1m' }, "unknown log opt 'max-size' for none log driver"],
    ['syslog', { 'max-size': '1m' }, "unknown log opt 'max-size' for syslog log driver"],
    ['journald', { 'gelf-address': '1m' }, "unknown log opt 'gelf-address' for journald log driver"],
    ['gelf', { x: '1' }, 'unknown log opt "x" for gelf log driver'],
    ['fluentd', { x: '1' }, "unknown log opt 'x' for fluentd log driver"],
    ['json-file', { mode: 'fast' }, 'logger: logging mode not supported: fast'],
    [
      'json-file',
      { 'max-buffer-size': '1m' },
      "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
    ],
    [
      'json-file',
      { mode: 'non-blocking', 'max-buffer-size': 'x' },
      "error parsing option max-buffer-size: invalid size: 'x'",
    ],
    ['syslog', { 'cache-disabled': 'maybe' }, 'invalid value for option cache-disabled: maybe'],
    ['syslog', { 'cache-max-size': 'x' }, "invalid size: 'x'"],
    ['json-file', { 'max-size': 'x' }, "invalid size: 'x'"],
    ['json-file', { 'max-size': '0' }, 'max-size must be a positive number'],
    ['json-file', { 'max-file': '0' }, 'max-file cannot be less than 1'],
    ['local', { 'max-file': 'x' }, 'invalid value for max-file: "x" is not a number'],
    ['json-file', { compress: 'x' }, 'invalid value for compress: "x" is not true or false'],
    [
      'json-file',
      { compress: 'true', 'max-size': '1m' },
      'compress cannot be true when max-file is less than 2 or max-size is not set',
    ],
    ['json-file', { 'env-regex': '(' }, "invalid value for log opt 'env-regex': error parsing regexp: ("],
    ['json-file', { tag: '{{.ID' }, 'invalid log tag: template: log-tag: an action is not closed'],
    ['json-file', { labels: 'a,b', 'labels-regex': '(?i)^c', env: 'A', 'env-regex': '^B', tag: '{{.Name}}' }, 'taken'],
    ['json-file', { compress: 'true', 'max-size': '10 MiB', 'max-file': '2', mode: 'non-blocking' }, 'taken'],
    ['json-file', { 'max-size': '-1' }, 'taken'],
  ])('%s %o: %s', (driver, options, message) => {
    expect(refusal(driver, options)).toBe(message);
  });

  test.each([
    ['syslog', { 'syslog-address': 'x' }, 'syslog-address should be in form proto://address, got x'],
    ['syslog', { 'syslog-address': 'unix:///nowhere' }, 'stat /nowhere: no such file or directory'],
    ['syslog', { 'syslog-facility': '24' }, 'invalid syslog facility'],
    ['syslog', { 'syslog-format': 'x' }, 'Invalid syslog format'],
    ['gelf', {}, 'gelf-address is a required parameter'],
    ['gelf', { 'gelf-address': 'unix:///x' }, 'gelf: endpoint needs to be TCP or UDP'],
    ['gelf', { 'gelf-address': 'udp://host' }, 'gelf: please provide gelf-address as proto://host:port'],
    [
      'gelf',
      { 'gelf-address': 'tcp://host:1', 'gelf-compression-type': 'gzip' },
      'compression is only supported on UDP',
    ],
    [
      'gelf',
      { 'gelf-address': 'udp://host:1', 'gelf-compression-type': 'x' },
      'unknown value "x" for log opt "gelf-compression-type" for gelf log driver',
    ],
    [
      'gelf',
      { 'gelf-address': 'udp://host:1', 'gelf-compression-level': '10' },
      'unknown value "10" for log opt "gelf-compression-level" for gelf log driver',
    ],
    [
      'gelf',
      { 'gelf-address': 'udp://host:1', 'gelf-tcp-max-reconnect': '1' },
      '"gelf-tcp-max-reconnect" is only valid for TCP',
    ],
    [
      'gelf',
      { 'gelf-address': 'tcp://host:1', 'gelf-tcp-reconnect-delay': '-1' },
      '"gelf-tcp-reconnect-delay" must be a positive integer',
    ],
    ['fluentd', { 'fluentd-address': 'udp://x:1' }, 'invalid fluentd-address udp://x:1: unsupported scheme: "udp"'],
    ['fluentd', { 'fluentd-address': 'x:y' }, 'invalid fluentd-address x:y'],
    ['fluentd', { 'fluentd-async': 'x' }, 'invalid value for fluentd-async: "x"'],
    ['fluentd', { 'fluentd-retry-wait': '-1s' }, 'invalid value for fluentd-retry-wait: "-1s"'],
    [
      'fluentd',
      { 'fluentd-async-reconnect-interval': '1ms' },
      'invalid value for fluentd-async-reconnect-interval: value ("1ms") must be between 100ms and 10s',
    ],
    [
      'fluentd',
      { 'fluentd-async': 'true', 'fluentd-async-connect': 'true' },
      "conflicting options: cannot specify both 'fluentd-async' and 'fluentd-async-connect'",
    ],
  ])('%s %o: %s', (driver, options, message) => {
    expect(refusal(driver, options)).toBe(message);
  });
});

test('options are taken apart', () => {
  expect(
    parseRemoteOptions('syslog', {
      'syslog-address': 'tcp+tls://[::1]',
      'syslog-facility': 'local3',
      'syslog-tls-skip-verify': '',
    }),
  ).toMatchObject({
    address: { protocol: 'tls', host: '::1', port: 514 },
    facility: 19,
    format: 'unix',
    tls: { skipVerify: true },
  });
  expect(
    parseRemoteOptions('fluentd', { 'fluentd-address': 'log.example', 'fluentd-retry-wait': '1m1.5s' }),
  ).toMatchObject({
    address: { protocol: 'tcp', host: 'log.example', port: 24224 },
    retryWait: 61_500,
    async: false,
  });
  expect(
    parseRemoteOptions('fluentd', { 'fluentd-address': 'unix:///run/f', 'fluentd-buffer-limit': '8k' }),
  ).toMatchObject({
    address: { protocol: 'unix', path: '/run/f' },
    bufferLimit: 8192,
  });
  expect(parseRemoteOptions('gelf', { 'gelf-address': 'udp://1.2.3.4:12201' })).toMatchObject({
    compression: 'gzip',
    level: 1,
  });
});

describe('bounds of files', () => {
  test.each([
    ['json-file', {}, 10_000_000, 10, false],
    ['json-file', { 'max-size': '20k' }, 20_000, 1, false],
    ['json-file', { 'max-file': '3' }, 10_000_000, 3, false],
    ['json-file', { 'max-size': '-1' }, undefined, 1, false],
    ['json-file', { 'max-size': '1.5m', 'max-file': '2', compress: 'true' }, 1_500_000, 2, true],
    ['local', {}, 20_000_000, 5, true],
    ['local', { 'max-size': '3 kB', 'max-file': '1' }, 3000, 1, false],
    ['syslog', {}, 20_000_000, 5, true],
    ['syslog', { 'cache-max-size': '1g', 'cache-max-file': '2', 'cache-compress': 'false' }, 1_000_000_000, 2, false],
  ])('%s %o', (Type, Config, maxSize, maxFiles, compress) => {
    expect(fileLimits({ Type, Config })).toEqual({ maxSize, maxFiles, compress });
  });
});

test('defaults of the engine: options only for the same driver, those of the copy on disk for all', () => {
  const defaults = { Type: 'syslog', Config: { 'syslog-facility': 'user', 'cache-max-size': '1m', tag: 'a' } };
  expect(withDefaults({ Type: '', Config: { tag: 'b' } }, defaults)).toEqual({
    Type: 'syslog',
    Config: { 'syslog-facility': 'user', 'cache-max-size': '1m', tag: 'b' },
  });
  expect(withDefaults({ Type: 'local', Config: {} }, defaults)).toEqual({
    Type: 'local',
    Config: { 'cache-max-size': '1m' },
  });
  expect(withDefaults({ Type: 'none', Config: {} }, defaults)).toEqual({ Type: 'none', Config: {} });
});
