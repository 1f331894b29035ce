import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { run } from '../../support/docker.ts';

const START = new URL('../../../tools/start.mjs', import.meta.url).pathname;
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `npm start` where it must refuse: before anything is changed, in sentences. */
function start(wrapper: string[], env: Record<string, string> = {}) {
  const [program = process.execPath, ...args] = [...wrapper, process.execPath, START];
  return run(program, args, { env: { PATH: SYSTEM_PATH, BERTH_DEBUG: '', ...env } });
}

describe('npm start', () => {
  it('says that it needs root', async () => {
    const { code, stdout, stderr } = await start(['unshare', '--user', '--map-user=1000']);
    expect(stdout).toMatch(
      /root is needed .*: call it with sudo, as in `sudo npm start`\nNothing was changed\. Mend this and call the same command again\.\n$/,
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  });

  it('says that namespaces cannot be made', async () => {
    const { code, stdout, stderr } = await start(['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin']);
    expect(stdout).toMatch(
      /namespaces cannot be made here \(.*\); inside a container or a restricted virtual machine Berth needs full privileges\nNothing was changed\./,
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  });

  it('says who holds the port and how to choose another', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, () => resolve((server.address() as { port: number }).port)),
    );
    try {
      const { code, stdout } = await start([], { BERTH_PORT: String(port) });
      expect(stdout).toContain(`\nPort ${port} of this machine is taken by node`);
      expect(stdout).toMatch(
        new RegExp(`\\(process ${process.pid}\\)\\.\nChoose another: BERTH_PORT=${port + 1} npm start\n$`),
      );
      expect(stdout).not.toContain('Debian packages');
      expect(code).toBe(1);
    } finally {
      server.close();
    }
  });

  it('refuses a port that is none', async () => {
    const { code, stdout } = await start([], { BERTH_PORT: 'eighty' });
    expect(stdout).toMatch(/BERTH_PORT is "eighty", which is not a port/);
    expect(code).toBe(1);
  });
});
