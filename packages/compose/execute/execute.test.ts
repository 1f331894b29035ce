import { EngineClient } from '@berth/client';
import { expect, it } from 'vitest';
import { startFakeEngine } from '../../../tests/support/fake-engine.ts';
import type { Operation } from '../plan/operation.ts';
import { execute } from './execute.ts';

it.each([
  [1, 1],
  [3, 3],
  [Number.POSITIVE_INFINITY, 150],
  [undefined, 64],
])('a limit of %s: %i of 150 at a time', async (parallel, most) => {
  await using engine = await startFakeEngine({ 'POST /containers/*': { status: 204, text: '' } });
  const operations = Array.from(
    { length: 150 },
    (_, index): Operation => ({
      ...{ id: `start:${index}`, kind: 'start-container', needs: [], subject: `Container ${index}` },
      ...{ words: ['Starting', 'Started'], reasons: [], container: `c${index}` },
    }),
  );
  let now = 0;
  let seen = 0;
  await execute(operations, {
    client: new EngineClient({ host: engine.host }),
    ...(parallel !== undefined && { parallel }),
    onProgress: ({ done }) => {
      now += done ? -1 : 1;
      seen = Math.max(seen, now);
    },
  });
  expect(seen).toBe(most);
  expect(engine.seen.filter(({ method }) => method === 'POST').length).toBe(150);
});
