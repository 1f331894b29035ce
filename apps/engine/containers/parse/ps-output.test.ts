import { describe, expect, test } from 'vitest';
import { checkPsArguments, parseTable } from './ps-output.ts';

describe('the output of ps', () => {
  test('is cut down to the processes of a container, commands keep their spaces', () => {
    const text = '    PID TTY  CMD\n      1 ?    init\n     42 pts/0 sh -c sleep  1\n';
    expect(parseTable(text, new Set([42]))).toEqual({
      Titles: ['PID', 'TTY', 'CMD'],
      Processes: [['42', 'pts/0', 'sh -c sleep 1']],
    });
  });

  test('threads go with their process', () => {
    const text = 'PID LWP CMD\n7 - a\n- 7 -\n8 - b\n- 8 -\n- 9 -\n';
    expect(parseTable(text, new Set([8])).Processes).toEqual([
      ['8', '-', 'b'],
      ['-', '8', '-'],
      ['-', '9', '-'],
    ]);
  });

  test('without process ids is of no use', () => {
    expect(() => parseTable('TTY CMD\n? x\n', new Set())).toThrow("Couldn't find PID field in ps output");
    expect(() => parseTable('PID CMD\nx y\n', new Set())).toThrow("Unexpected pid 'x'");
  });
});

test('a heading PID is for process ids alone', () => {
  expect(() => checkPsArguments('-eo pid=PID,comm')).not.toThrow();
  expect(() => checkPsArguments('-e -o ppid=PID')).toThrow('specifying "ppid=PID" is not allowed');
});
