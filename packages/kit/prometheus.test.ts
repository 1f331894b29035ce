import { expect, test } from 'vitest';
import { family, Histogram } from './prometheus.ts';

test('a family, with what has to be escaped', () => {
  expect(family('a_b', 'gauge', 'What\nit is', [{ value: 1.5 }, { labels: { x: 'a"b\\c\nd' }, value: Infinity }])).toBe(
    '# HELP a_b What\\nit is\n# TYPE a_b gauge\na_b 1.5\na_b{x="a\\"b\\\\c\\nd"} +Inf\n',
  );
});

test('a histogram counts what is at or below each bound', () => {
  const histogram = new Histogram('t_seconds', 'Times', 'action', ['start']);
  for (const seconds of [0.001, 0.003, 0.2, 30]) histogram.observe('start', seconds);
  const lines = histogram.text().split('\n');
  const value = (le: string) =>
    lines.find((line) => line.startsWith(`t_seconds_bucket{action="start",le="${le}"} `))?.split(' ')[1];
  expect(['0.001', '0.0025', '0.005', '0.1', '0.25', '10', '+Inf'].map(value)).toEqual([
    '1',
    '1',
    '2',
    '2',
    '3',
    '3',
    '4',
  ]);
  expect(lines).toContain('t_seconds_count{action="start"} 4');
  expect(lines).toContain('t_seconds_sum{action="start"} 30.204');
});
