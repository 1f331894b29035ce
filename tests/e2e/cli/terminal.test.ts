import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { begin, openPlace, type Place } from './place.ts';

let place: Place;
beforeAll(async () => {
  place = await openPlace();
});
afterAll(() => place?.[Symbol.asyncDispose]());

/** A shell line at a terminal of its own (24 rows, 80 columns); `steps` are typed when their text has appeared. */
async function atTerminal(line: string, steps: [after: string, keys: string][] = []) {
  const script = `stty rows 24 cols 80; ${line.replaceAll('berth ', `${clientProgram('berth')} `)}`;
  const env = { ...process.env, ...place.env, SHELL: '/bin/sh' };
  const running = begin('script', ['--quiet', '--return', '--command', script, '/dev/null'], env);
  for (const [after, keys] of steps) {
    await running.shows(after);
    running.child.stdin.write(keys);
  }
  const { code, stdout } = await running.ended;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is taken out
  return { code, text: stdout.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '') };
}

describe('a terminal session', () => {
  it('has a terminal of our size, and its exit code', async () => {
    const { code, text } = await atTerminal("berth run -it --rm busybox sh -c 'tty; stty size; exit 5'");
    expect(text).toContain('/dev/pts/0\r\n24 80\r\n');
    expect(code).toBe(5);
  });

  it('follows a change of size', async () => {
    const change = "sh -c 'sleep 0.5; stty rows 40 cols 100 < /dev/tty' & ";
    const wait = 'until stty size | grep -q "40 100"; do sleep 0.05; done; echo resized';
    const { text } = await atTerminal(`${change} berth run -it --rm busybox sh -c '${wait}'`);
    expect(text).toContain('resized');
  });

  it('gives ctrl-c to the process and not to us', async () => {
    const trap = 'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.05; done';
    const { code, text } = await atTerminal(`berth run -it --rm busybox sh -c '${trap}'`, [['ready', '\u0003']]);
    expect(text).toContain('caught');
    expect(code).toBe(9);
  });

  it('passes control characters and line ends through as they are', async () => {
    const read = 'stty raw -echo; echo ready; dd bs=1 count=4 2>/dev/null | od -An -tx1';
    const { text } = await atTerminal(`berth run -it --rm busybox sh -c '${read}'`, [['ready', '\u0004\r\n\u001a']]);
    expect(text).toContain('04 0d 0a 1a');
  });

  it('leaves with ctrl-p ctrl-q, comes back with attach, and the container goes on', async () => {
    const first = await atTerminal('berth run -it --name kept busybox sh', [
      ['#', 'echo on""e\r'],
      ['one', '\u0010\u0011'],
    ]);
    expect(first.code).toBe(0);
    expect((await place.berth(['inspect', '-f', '{{.State.Status}}', 'kept'])).stdout).toBe('running\n');
    const second = await atTerminal('berth attach kept', [
      ['', 'echo tw""o\r'],
      ['two', '\u0010\u0011'],
    ]);
    expect(second.text).toContain('read escape sequence');
    expect(second.code).toBe(1);
    const third = await atTerminal('berth attach --detach-keys=ctrl-x kept', [['', 'exit 4\r']]);
    expect(third.code).toBe(4);
    await place.berth(['rm', 'kept']);
  });

  it('runs a second process in a container', async () => {
    await place.berth(['run', '-d', '--name', 'host', 'busybox', 'sleep', '100']);
    const { code, text } = await atTerminal('berth exec -it host sh', [['#', 'stty size; exit 6\r']]);
    expect(text).toContain('24 80');
    expect(code).toBe(6);
    await place.berth(['rm', '-f', 'host']);
  });

  it.each([
    ['after the end', 'berth run -it --rm busybox true'],
    ['after a program that is not there', 'berth run -it --rm busybox nosuch'],
    [
      'after SIGTERM',
      "(sleep 0.5; kill -TERM $(cat $HOME/pid)) & sh -c 'echo $$ > $HOME/pid; exec berth run -it --rm --name gone busybox sh'",
    ],
  ])('puts the terminal back %s', async (_name, line) => {
    const { text } = await atTerminal(`echo [$(stty -g)]; ${line}; echo [$(stty -g)]`);
    const settings = [...text.matchAll(/\[([0-9a-f:]+)\]/g)].map((match) => match[1]);
    expect(settings).toHaveLength(2);
    expect(settings[1]).toBe(settings[0]);
    await place.berth(['rm', '-f', 'gone']);
  });

  it('shows how far a copy is, and what was copied', async () => {
    await place.berth(['create', '--name', 'copied', 'busybox', 'true']);
    const { code, text } = await atTerminal('berth cp /etc/hostname copied:/tmp/h');
    expect(text).toContain('Copying to container - ');
    expect(text).toMatch(/Successfully copied 2\.05kB to copied:\/tmp\/h\r\n$/);
    expect(code).toBe(0);
    const out = await atTerminal('berth cp copied:/tmp/h /dev/null; berth cp -q copied:/tmp/h - | tar -t');
    expect(out.text).toContain('must be a directory or a regular file: got a device');
    expect(out.text).toContain('h\r\n');
    const quiet = await atTerminal('berth cp -q /etc/hostname copied:/tmp/h; berth export copied');
    expect(quiet.text).toMatch(/^cowardly refusing to save to a terminal\. Use the -o flag or redirect/);
    await place.berth(['rm', 'copied']);
  });
});
