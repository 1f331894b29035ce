import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPARED_VERSION, dockerMajor } from '../../../tests/support/docker-version.ts';
import { type FakeEngine, startFakeEngine } from '../../../tests/support/fake-engine.ts';
import { sampleRoutes } from '../../../tests/support/sample-engine.ts';
import { sideBySide } from '../../../tests/support/side-by-side.ts';
import { inspectFormats, listFormats } from './formats.cases.ts';

/** A whole row of a list: Docker's client shows the insides of its own structures, ours the row as JSON. */
const ROW = '{{.}}';

describe.skipIf(dockerMajor() < COMPARED_VERSION)("formats as Docker's client has them", () => {
  let engine: FakeEngine;
  beforeAll(async () => {
    engine = await startFakeEngine(sampleRoutes());
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  it.each([...listFormats.filter(([, format]) => format !== ROW), ...inspectFormats])(
    '%s --format %s',
    async (command, format) => {
      const words = command.split(' ');
      const text = format.replaceAll('_', ' ').replaceAll('~', '_');
      const { docker, berth } = await sideBySide(engine, [...words, '--format', text]);
      expect(berth).toEqual(docker);
    },
  );
});
