import { BerthError } from '@berth/kit';
import { expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../config.ts';
import type { Image } from '../images/model.ts';
import type { Context } from './context.ts';
import { list } from './list.ts';
import type { ContainerRecord } from './model.ts';
import type { ListOptions } from './service.ts';
import { exited, running, SAMPLE_SANDBOX, SAMPLE_VOLUMES, sampleRecord } from './show/summary-sample.ts';

const ID = sampleRecord(0).imageId;

function image(id: string, layers: string[]): Image {
  const rootfs = { type: 'layers' as const, diff_ids: layers.map((layer) => `sha256:${layer}` as const) };
  return { id, config: { architecture: 'amd64', os: 'linux', rootfs }, size: 1000 } as unknown as Image;
}

const IMAGES: Record<string, Image> = {
  busybox: image(ID, ['a', 'b']),
  [ID]: image(ID, ['a', 'b']),
  base: image('sha256:2', ['a']),
  other: image('sha256:3', ['a', 'c']),
};

function contextOf(records: ContainerRecord[], images = IMAGES): Context {
  return {
    config: DEFAULT_CONFIG,
    health: { of: () => undefined },
    volumes: SAMPLE_VOLUMES,
    store: {
      all: () => records,
      resolve: (name: string) => records.find((record) => record.name === name)!,
    },
    images: {
      resolve: (reference: string) => {
        const found = images[reference];
        if (!found) throw new BerthError('not-found', `No such image: ${reference}`);
        return found;
      },
    },
  } as unknown as Context;
}

const ALL: ListOptions = { all: true, limit: 0, size: false, filters: {} };
const RECORDS = [
  sampleRecord(1, { state: running(1), sandbox: SAMPLE_SANDBOX }),
  sampleRecord(3),
  sampleRecord(2, { state: exited(0, 1) }),
  sampleRecord(4, { state: { ...running(1), status: 'paused' } as never }),
];

const namesOf = async (options: Partial<ListOptions>, context = contextOf(RECORDS)) =>
  (await list(context)({ ...ALL, ...options })).map((summary) => (summary as { Names: string[] }).Names[0]);

test.each<[Partial<ListOptions>, string[]]>([
  [{}, ['/name4', '/name3', '/name2', '/name1']],
  [{ all: false }, ['/name4', '/name1']],
  [{ all: false, limit: 2 }, ['/name4', '/name3']],
  [{ all: false, limit: 2, filters: { name: ['name[123]'] } }, ['/name3', '/name2']],
  [{ all: false, filters: { status: ['exited'] } }, ['/name2']],
  [{ all: false, filters: { exited: ['0'] } }, []],
  [{ filters: { ancestor: ['base'] } }, ['/name4', '/name3', '/name2', '/name1']],
  [{ filters: { ancestor: ['busybox'] } }, ['/name4', '/name3', '/name2', '/name1']],
  [{ filters: { ancestor: ['other'] } }, []],
  [{ filters: { ancestor: ['nothing'] } }, []],
])('%j', async (options, expected) => {
  expect(await namesOf(options)).toEqual(expected);
});

test('the image is shown by id when its name has moved on', async () => {
  const shown = async (images: Record<string, Image>) =>
    (await list(contextOf(RECORDS.slice(0, 1), images))(ALL))[0] as { Image: string };
  expect((await shown(IMAGES)).Image).toBe('busybox');
  expect((await shown({ busybox: IMAGES['other']! })).Image).toBe(ID);
  expect((await shown({})).Image).toBe(ID);
});

test('200 of 1,000 containers take less than 3 ms', async () => {
  const records = Array.from({ length: 1000 }, (_, i) =>
    sampleRecord(
      i,
      i % 5 === 0 ? { state: running(1), sandbox: SAMPLE_SANDBOX, body: { HostConfig: { Binds: ['/a:/b'] } } } : {},
    ),
  );
  const run = list(contextOf(records));
  const times: number[] = [];
  for (let i = 0; i < 30; i++) {
    const start = performance.now();
    expect(await run({ ...ALL, all: false })).toHaveLength(200);
    times.push(performance.now() - start);
  }
  expect(Math.min(...times)).toBeLessThan(3);
});
