import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPARED_VERSION, dockerMajor } from '../../../tests/support/docker-version.ts';
import { type FakeEngine, startFakeEngine } from '../../../tests/support/fake-engine.ts';
import { sampleRoutes } from '../../../tests/support/sample-engine.ts';
import { sideBySide } from '../../../tests/support/side-by-side.ts';
import {
  commandLines,
  containerTemplates,
  imageTemplates,
  infoTemplates,
  networkTemplates,
} from './side-by-side.cases.ts';

/** Where Docker's client says something of its own: addresses in its memory, its name, a slip of its keyboard. */
const DIFFER = new Map([
  ['images a b', 'the client 28.2.2 prints "SRun"'],
  ['volume create one two', 'the client 28.2.2 prints "SRun"'],
  ['info', 'the client says that it is Berth'],
  ['info -f {{.RegistryConfig.IndexConfigs}}', 'pointers'],
]);

// Without the real client there is nothing to compare with: these tests are skipped then.
describe.skipIf(dockerMajor() < COMPARED_VERSION)(`side by side with Docker's own client ${COMPARED_VERSION}`, () => {
  let engine: FakeEngine;
  beforeAll(async () => {
    engine = await startFakeEngine(sampleRoutes());
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  async function same(args: readonly string[]) {
    const { docker: theirs, berth: ours } = await sideBySide(engine, args);
    expect(withoutClient(ours)).toEqual(withoutClient(theirs));
  }

  it.each(commandLines.filter((line) => !DIFFER.has(line)))('%s', (line) => same(line.split(' ')));
  it.each(containerTemplates)('inspect -f %s', (format) => same(['inspect', '-f', format, 'web']));
  it.each(imageTemplates)('image inspect -f %s', (format) => same(['image', 'inspect', '-f', format, 'busybox']));
  it.each(networkTemplates)('network inspect -f %s', (format) => same(['network', 'inspect', '-f', format, 'bridge']));
  it.each(infoTemplates)('info -f %s', (format) => same(['info', '-f', format]));

  it('info differs in the name alone', async () => {
    const { docker: theirs, berth: ours } = await sideBySide(engine, ['info']);
    expect(ours.stdout.replace('Client: Berth\n', 'Client:\n')).toBe(theirs.stdout);
    expect(ours.stderr).toBe(theirs.stderr);
  });
});

/** What a client says of itself may differ. */
function withoutClient<T extends { stdout: string }>(outcome: T): T {
  return { ...outcome, stdout: outcome.stdout.replace(/"ClientInfo":\{.*?"Context":"default"[^}]*\}/g, '') };
}
