import { expect, test } from 'vitest';
import { checkOptionNames } from './option-names.ts';

test.each([
  ['bridge', 'com.docker.network.host_ipv4'],
  ['bridge', 'com.docker.network.host_ipv6'],
  ['bridge', 'com.docker.network.windowsshim.networkname'],
  ['bridge', 'com.docker.network.bridge.trusted_host_interfaces'],
  ['macvlan', 'com.docker.network.bridge.enable_icc'],
] as const)('%s: %s is refused by its name', (driver, key) => {
  expect(() => checkOptionNames(driver, { [key]: 'x' })).toThrow(
    expect.objectContaining({
      code: 'not-supported',
      message: `driver option ${key} is not supported by networks of driver ${driver}`,
    }),
  );
});

test.each([
  ['bridge', 'com.docker.network.bridge.enable_icc'],
  ['bridge', 'com.docker.network.container_iface_prefix'],
  ['bridge', 'com.docker.network.enable_ipv6'],
  ['bridge', 'org.example.note'],
  ['ipvlan', 'com.docker.network.driver.mtu'],
  ['ipvlan', 'parent'],
] as const)('%s: %s is taken', (driver, key) => {
  expect(() => checkOptionNames(driver, { [key]: 'x' })).not.toThrow();
});

test('only the default bridge is one: false is taken, true is not', () => {
  const check = (value: string) => () =>
    checkOptionNames('bridge', { 'com.docker.network.bridge.default_bridge': value });
  expect(check('false')).not.toThrow();
  expect(check('true')).toThrow('com.docker.network.bridge.default_bridge is not supported');
});
