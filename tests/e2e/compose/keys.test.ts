import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeHere, projectFolder } from '../../support/compose.ts';
import { docker } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { KEY_CASES, type KeyCase } from './keys.cases.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await startTestEngine();
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]) });
});
afterAll(() => engine.stop());

/** `SERVICE name:` in `more` is a service like the first one. */
function fileOf({ app = '', more = '' }: KeyCase): string {
  const [services, sections] = [
    more.split('\n').filter((line) => line.startsWith('SERVICE') || line.startsWith('    ')),
    more.split('\n').filter((line) => !line.startsWith('SERVICE') && !line.startsWith('    ')),
  ];
  const standard = (text: string) =>
    `${/^ {4}image:/m.test(text) ? '' : '    image: busybox\n'}${/^ {4}command:/m.test(text) ? '' : '    command: sleep 1000\n'}${text.includes('stop_grace_period') ? '' : '    stop_grace_period: 0s\n'}`;
  const own = services.map((line) => (line.startsWith('SERVICE') ? `  ${line.slice(8)}` : line)).join('\n');
  const other = own === '' ? '' : `${own}\n${standard(own)}`;
  return `services:\n  app:\n${app}${standard(app)}${other}${sections.join('\n')}\n`;
}

describe('each key of a Compose file', () => {
  it.each(KEY_CASES.map((one) => [one.keys.join(', '), one] as const))('%s', async (_, one) => {
    using project = projectFolder('keys', { 'compose.yaml': fileOf(one), ...one.files });
    const call = (...words: string[]) =>
      composeHere(engine, project, ['-f', `${project.folder}/compose.yaml`, ...(one.flags ?? []), ...words]);
    try {
      const up = await call('up', '-d', ...(one.up ?? []));
      expect(up, up.stderr).toMatchObject({ code: 0 });
      const container = one.container?.startsWith('the-') ? one.container : `keys-${one.container ?? 'app-1'}`;
      if (one.before) expect(await call(...one.before)).toMatchObject({ code: 0 });
      const seen = one.compose
        ? await call(...one.compose)
        : await docker(
            engine,
            one.inspect === undefined
              ? ['exec', container, 'sh', '-c', one.run ?? '']
              : ['inspect', '--format', one.inspect, container],
          );
      const text = seen.stdout + seen.stderr;
      if (typeof one.shows === 'string') expect(text).toContain(one.shows);
      else expect(text).toMatch(one.shows);
    } finally {
      await call('down', '-v', '-t', '0');
    }
  });
});
