import { describe, expect, test } from 'vitest';
import { sampleSpec } from '../spec/spec-sample.ts';
import { detailsOf, extraAttributes, tagOf } from './attributes.ts';
import { parseTag } from './tag.ts';

const record = (Config: Record<string, string>) => ({
  id: '0123456789abcdef'.repeat(4),
  name: 'web',
  createdAt: 0,
  imageId: `sha256:${'f'.repeat(64)}` as const,
  spec: sampleSpec(
    { LogConfig: { Type: 'json-file', Config } },
    {
      Image: 'Shop/Web:1',
      Env: ['ONE=1', 'TWO=a=b', 'BARE'],
      Labels: { tier: 'front', 'com.example.a': 'x y', Other: '' },
    },
  ),
});

test('chosen labels and environment, by name and by pattern', () => {
  expect(Object.fromEntries(extraAttributes(record({ labels: 'tier,missing', env: 'TWO,BARE' })))).toEqual({
    tier: 'front',
    TWO: 'a=b',
  });
  expect(Object.fromEntries(extraAttributes(record({ 'labels-regex': '(?i)^other|COM', 'env-regex': '^O' })))).toEqual({
    'com.example.a': 'x y',
    Other: '',
    ONE: '1',
  });
  expect(extraAttributes(record({})).size).toBe(0);
});

test('details are sorted and escaped as in an URL', () => {
  expect(detailsOf(record({ 'labels-regex': 'com|tier', env: 'TWO', tag: '{{.Name}}/{{.ID}}' }))).toBe(
    'TWO=a%3Db,com.example.a=x+y,tag=web%2F0123456789ab,tier=front',
  );
  expect(detailsOf(record({}))).toBe('');
});

describe('tags', () => {
  test.each([
    ['', ''],
    ['plain', 'plain'],
    ['{{.ID}}', '0123456789ab'],
    ['{{ .FullID }}', '0123456789abcdef'.repeat(4)],
    ['{{.ImageID}}', 'sha256:fffff'],
    ['{{.ImageName}}/{{.Name}}', 'Shop/Web:1/web'],
    ['{{lower .ImageName | upper | truncate}}', undefined],
    ['{{truncate (lower .ImageName) 4}}', 'shop'],
    ['{{.ImageName | lower}}', 'shop/web:1'],
    ['{{join (split .ImageName "/") "."}}', 'Shop.Web:1'],
    ['{{index .ContainerLabels "com.example.a"}}', 'x y'],
    ['{{json .Name}}', '"web"'],
    ['{{pad .Name 1 2}}|', ' web  |'],
    ['a {{- /* gone */ -}} b', 'ab'],
    ['{{if eq .Name "web"}}yes{{else}}no{{end}}', 'yes'],
    ['{{if .Missing}}{{end}}', undefined],
    ['{{if index .ContainerLabels "none"}}x{{else}}-{{end}}', '-'],
    ['{{"}}"}}', '}}'],
    ['{{.DaemonName}}', 'docker'],
    ['{{title "hello world"}}', 'Hello World'],
    ['{{`raw`}}', 'raw'],
  ])('%s', (template, text) => {
    if (text === undefined) expect(() => tagOf(record({}), template)).toThrow(/^invalid log tag: /);
    else expect(tagOf(record({}), template)).toBe(text);
  });

  test.each([
    '{{',
    '{{.ID',
    '{{end}}',
    '{{if .ID}}',
    '{{if .ID}}{{else}}',
    '{{nothing .ID}}',
    '{{.ID .Name}}',
    '{{(.ID}}',
    '{{$x}}',
    '{{}}',
    '{{constructor .ID}}',
  ])('is refused at once: %s', (template) => {
    expect(() => parseTag(template)).toThrow(/^invalid log tag: /);
  });
});
