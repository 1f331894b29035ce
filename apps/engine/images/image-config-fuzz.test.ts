import { digestOf } from '@berth/oci';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createdAtOf, parseImageConfig } from './image-config.ts';

const RUNS = { numRuns: 2000 };

const texts = fc.oneof(fc.array(fc.string()), fc.jsonValue());
const runConfig = fc.record(
  {
    User: fc.oneof(fc.string(), fc.jsonValue()),
    Env: texts,
    Cmd: texts,
    Entrypoint: texts,
    Shell: texts,
    OnBuild: texts,
    Volumes: fc.oneof(fc.dictionary(fc.string(), fc.constant({})), fc.jsonValue()),
    ExposedPorts: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
    Labels: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
    WorkingDir: fc.oneof(fc.string(), fc.jsonValue()),
    StopTimeout: fc.oneof(fc.integer(), fc.jsonValue()),
    Healthcheck: fc.jsonValue(),
    HostConfig: fc.jsonValue(),
    Privileged: fc.boolean(),
  },
  { requiredKeys: [] },
);
const config = fc.record(
  {
    architecture: fc.oneof(fc.string(), fc.jsonValue()),
    os: fc.oneof(fc.constant('linux'), fc.jsonValue()),
    created: fc.oneof(fc.string(), fc.date().map(String), fc.jsonValue()),
    config: fc.oneof(runConfig, fc.jsonValue()),
    rootfs: fc.oneof(
      fc.record({ type: fc.constant('layers'), diff_ids: fc.array(fc.constant(digestOf('x')), { maxLength: 130 }) }),
      fc.record({ type: fc.constant('layers'), diff_ids: fc.jsonValue() }),
      fc.jsonValue(),
    ),
    history: fc.oneof(fc.array(fc.record({ created_by: fc.string(), empty_layer: fc.jsonValue() })), fc.jsonValue()),
    HostConfig: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

const MEMBERS = /^(architecture|os|variant|created|author|docker_version|config|rootfs|history)$/;
const RUN_MEMBERS =
  /^(User|ExposedPorts|Env|Entrypoint|Cmd|Volumes|WorkingDir|Labels|Stop(Signal|Timeout)|Shell|OnBuild|Healthcheck|Hostname|Domainname)$/;

test('any configuration is read or refused as invalid; what is not known is not handed on', () => {
  let read = 0;
  fc.assert(
    fc.property(config, (value) => {
      let found: ReturnType<typeof parseImageConfig>;
      try {
        found = parseImageConfig(Buffer.from(JSON.stringify(value)));
      } catch (error) {
        expect(error).toMatchObject({ name: 'BerthError', code: 'invalid' });
        return;
      }
      read++;
      expect(Object.keys(found).filter((name) => !MEMBERS.test(name))).toEqual([]);
      expect(Object.keys(found.config ?? {}).filter((name) => !RUN_MEMBERS.test(name))).toEqual([]);
      for (const list of [found.config?.Env, found.config?.Cmd, found.config?.Entrypoint]) {
        expect((list ?? []).every((item) => typeof item === 'string')).toBe(true);
      }
      expect(found.rootfs.diff_ids.length).toBeLessThanOrEqual(125);
      expect(createdAtOf(found)).toBeGreaterThanOrEqual(0);
    }),
    RUNS,
  );
  expect(read).toBeGreaterThan(0);
});

test('any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(() => parseImageConfig(bytes)).toThrow(expect.objectContaining({ code: 'invalid' }));
    }),
    RUNS,
  );
});
