// @ts-check
import { setTimeout as delay } from 'node:timers/promises';
import { PROGRAM } from '../setup/command-link.mjs';
import { askEngine } from '../setup/engine-api.mjs';
import { SetupError, step } from '../setup/report.mjs';
import { lastLines, mustRun, run } from '../setup/run.mjs';

/** The image with the page, and its container. */
export const WELCOME = 'berth-welcome';
const CONTEXT = new URL('./welcome', import.meta.url).pathname;
const IMAGES = ['hello-world', 'busybox'];

/**
 * Shows on real images and containers that everything works: runs hello-world, builds a small web image, serves its page on
 * a published port, fetches it.
 *
 * @param {number} port of this host, for the page
 */
export async function mainJob(port) {
  await step('Starter images', 'small images made from Debian packages, for machines without a hub', starterImages);
  await show(['run', '--rm', 'hello-world'], /Hello from/);
  await show(['build', '--progress', 'classic', '--tag', WELCOME, CONTEXT], /Successfully tagged berth-welcome:latest/);
  await step(WELCOME, `a web server in a container, published on port ${port}`, () => welcomeContainer(port));
  await step('Its page', `what http://127.0.0.1:${port}/ answers`, () => fetchPage(port));
  await show(['ps'], new RegExp(WELCOME));
}

async function starterImages() {
  const missing = [];
  for (const name of IMAGES) if ((await berth(['image', 'inspect', name])).code !== 0) missing.push(name);
  if (missing.length === 0) return { said: `${IMAGES.join(', ')} present`, value: undefined };
  await mustRun(`make the starter images ${missing.join(', ')}`, PROGRAM, ['image', 'starter', ...missing], {
    timeout: 300_000,
  });
  return { said: `made ${missing.join(', ')}`, value: undefined };
}

/** @param {number} port */
async function welcomeContainer(port) {
  const image = await askEngine(`/images/${WELCOME}/json`);
  const there = await askEngine(`/containers/${WELCOME}/json`);
  if (there !== undefined) {
    const { Image, HostConfig, State } = there;
    const same = Image === image?.Id && HostConfig.PortBindings?.['80/tcp']?.[0]?.HostPort === String(port);
    if (same && State.Running) return { said: 'runs already', value: undefined };
    if (same) {
      await mustRun(`start ${WELCOME}`, PROGRAM, ['start', WELCOME]);
      return { said: 'was stopped, started again', value: undefined };
    }
    await mustRun(`replace ${WELCOME}`, PROGRAM, ['rm', '--force', WELCOME]);
  }
  const args = ['run', '--detach', '--name', WELCOME, '--publish', `${port}:80`, WELCOME];
  const started = await berth(args);
  if (started.code !== 0) {
    await berth(['rm', '--force', WELCOME]); // a container that could not get its port is left created
    throw new SetupError(
      `The web server container did not start:\n${lastLines(started.err.trim(), 5)}`,
      `If the port is the reason, choose another: BERTH_PORT=${port + 1} npm start`,
    );
  }
  return { said: `started, ${started.out.trim().slice(0, 12)}`, value: undefined };
}

/** @param {number} port */
async function fetchPage(port) {
  let last = '';
  for (const end = Date.now() + 10_000; Date.now() < end; await delay(50)) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2000) });
      const title = /<h1>(.*?)<\/h1>/.exec(await response.text())?.[1];
      if (response.ok && title !== undefined) return { said: `"${title}"`, value: undefined };
      last = `${response.status} ${response.statusText}`;
    } catch (error) {
      last = error instanceof Error ? String(error.cause ?? error.message) : String(error);
    }
  }
  throw new SetupError(
    `http://127.0.0.1:${port}/ does not answer with the page of ${WELCOME}: ${last}`,
    `Look at \`berth logs ${WELCOME}\` and \`berth ps\`.`,
  );
}

/**
 * Runs a command as a person would, shows it and what it prints.
 *
 * @param {string[]} args
 * @param {RegExp} expected in its output
 */
async function show(args, expected) {
  process.stdout.write(`\n$ berth ${args.join(' ')}\n`);
  const ran = await berth(args);
  process.stdout.write(
    `${(ran.out + ran.err)
      .trim()
      .split('\n')
      .map((line) => `  ${line}`)
      .join('\n')}\n\n`,
  );
  if (ran.code !== 0 || !expected.test(ran.out))
    throw new SetupError(
      `\`berth ${args.join(' ')}\` did not do what it should (exit code ${ran.code}).`,
      'The log of the engine is /var/log/berth/engine.log.',
    );
}

/** @param {string[]} args */
function berth(args) {
  return run(PROGRAM, args, { timeout: 120_000 });
}
