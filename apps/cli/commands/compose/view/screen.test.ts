import { expect, test } from 'vitest';
import type { Output } from '../../../streams.ts';
import { sharedScreen } from './screen.ts';

/** What a terminal shows of what is written to it, as far as these views use one. */
function terminal() {
  const rows = [''];
  let row = 0;
  const output = (isTerminal = true): Output => ({
    write(data) {
      const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what moves a cursor
      for (const [part] of text.matchAll(/\x1b\[[?\d]*[A-Za-z]|\n|[^\x1b\n]+/g)) {
        if (part === '\n') rows[++row] ??= '';
        else if (part.endsWith('A') && part.startsWith('\x1b[')) row -= Number(part.slice(2, -1));
        else if (part === '\x1b[0J') rows.splice(row, rows.length, '');
        else if (part === '\x1b[2K') rows[row] = '';
        else if (!part.startsWith('\x1b[?')) rows[row] += part;
      }
    },
    drain: async () => undefined,
    pending: 0,
    isTerminal,
    colors: isTerminal,
    size: () => undefined,
  });
  return { output, shown: () => rows.join('\n').trimEnd() };
}

test('what is written while lines change stays above them', () => {
  const { output, shown } = terminal();
  const { out, err, area } = sharedScreen(output(), output());
  out.write('Attaching\n');
  area.draw(['[+] 0/1', ' one Starting']);
  out.write('one | hello\n');
  expect(shown()).toBe('Attaching\none | hello\n[+] 0/1\n one Starting');
  err.write('a warning\n');
  area.draw(['[+] 1/2', ' one Started', ' two Starting']);
  out.write(new TextEncoder().encode('one | more\none | and more\n'));
  area.draw(['[+] 2/2', ' one Started']);
  area.leave();
  out.write('two | bye\n');
  expect(shown()).toBe(
    'Attaching\none | hello\na warning\none | more\none | and more\n[+] 2/2\n one Started\ntwo | bye',
  );
});

test('a line that has not ended is not written over', () => {
  const { output, shown } = terminal();
  const { out, area } = sharedScreen(output(), output());
  area.draw(['[+] 0/1']);
  out.write('half');
  area.draw(['[+] 1/1']);
  out.write(' a line\n');
  expect(shown()).toBe('half a line\n[+] 1/1');
  out.write('open');
  area.leave();
  expect(shown()).toBe('half a line\nopen\n[+] 1/1');
});

test('what goes elsewhere moves nothing', () => {
  const [screen, file] = [terminal(), terminal()];
  const { out, area } = sharedScreen(file.output(false), screen.output());
  area.draw(['[+] 0/1']);
  out.write('half');
  area.draw(['[+] 1/1']);
  area.leave();
  expect(file.shown()).toBe('half');
  expect(screen.shown()).toBe('[+] 1/1');
});
