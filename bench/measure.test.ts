import { describe, expect, it } from 'vitest';
import { parseEngine } from './engine.mjs';
import { type Case, measure, ratio } from './measure.mjs';

const engines = [parseEngine('name=a,cli=docker'), parseEngine('name=b,cli=x y,host=unix:///s,procs=p|q')];
const options = { rounds: 5, registry: undefined, folder: '/nowhere' };

describe('measure', () => {
  it('lets engines take turns and leaves the first round out', async () => {
    const order: string[] = [];
    const once: Case['once'] = ({ engine, round }) => {
      order.push(`${engine.name}${round}`);
      return round === 0 ? 1000 : round;
    };
    const report = await measure({ unit: 'ms', once }, engines, options);
    expect(order.slice(0, 4)).toEqual(['a0', 'b0', 'a1', 'b1']);
    expect(report['a']).toEqual({ median: 3, min: 1, max: 5, samples: 5, unit: 'ms' });
  });

  it('reports an engine that fails and goes on with the other', async () => {
    const once: Case['once'] = ({ engine }) => {
      if (engine.name === 'b') throw new Error('refused');
      return 4;
    };
    const report = await measure({ unit: 'ms', once }, engines, options);
    expect(report).toMatchObject({ a: { median: 4 }, b: { failed: 'refused' } });
  });

  it('finishes after a failure', async () => {
    const finished: string[] = [];
    await measure(
      { unit: 'ms', once: () => Promise.reject(new Error('x')), finish: ({ engine }) => finished.push(engine.name) },
      engines,
      options,
    );
    expect(finished).toEqual(['a', 'b']);
  });
});

describe('ratio', () => {
  const of = (median: number) => ({ median, min: 0, max: 0, samples: 1, unit: 'ms' });
  it('is above 1 when the second is better', () => {
    expect(ratio({ unit: 'ms', once: () => 0 }, of(200), of(40))).toBe(5);
    expect(ratio({ unit: 'MB/s', moreIsBetter: true, once: () => 0 }, of(200), of(400))).toBe(2);
    expect(ratio({ unit: 'ms', once: () => 0 }, { failed: 'x' }, of(1))).toBeUndefined();
  });
});
