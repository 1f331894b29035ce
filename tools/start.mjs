// @ts-check

import { linkCommand } from './setup/command-link.mjs';
import { SOCKET } from './setup/engine-api.mjs';
import { checkPort, chosenPort } from './setup/port.mjs';
import { prepare } from './setup/prepare.mjs';
import { main, seconds, step } from './setup/report.mjs';
import { ensureEngine } from './start/engine.mjs';
import { mainJob, WELCOME } from './start/main-job.mjs';

/*
 * `npm start`: from a fresh clone to a running container. Runs on the system's Node, before anything is installed,
 * and does only what is missing. The engine of the default socket is meant throughout, whatever DOCKER_HOST says.
 */
await main(async () => {
  const start = process.hrtime.bigint();
  for (const name of ['DOCKER_HOST', 'BERTH_HOST', 'DOCKER_CONTEXT']) delete process.env[name];
  const port = chosenPort(process.env.BERTH_PORT);
  const built = await prepare(() => step('Port', `for the page of ${WELCOME}`, () => checkPort(port, WELCOME)));
  await step('Command', '`berth` on the PATH', linkCommand);
  await step('Engine', 'runs the containers, in the background', () => ensureEngine(built.engine));
  await mainJob(port);
  process.stdout.write(`Berth is ready (${seconds(start)} s). Try next:

${next(port)}
`);
});

/** @param {number} port */
function next(port) {
  const lines = [
    ['berth run --rm -it busybox', 'a shell in a new container; exit leaves it'],
    [`berth exec -it ${WELCOME} sh`, 'a shell in the one that runs'],
    [`berth logs -f ${WELCOME}`, 'what it writes; ctrl-c ends the looking'],
    ['berth image starter debian', 'a Debian image, made here'],
    [`DOCKER_HOST=unix://${SOCKET} docker ps`, "the same with Docker's own client"],
    ['npm run uninstall', 'removes everything again'],
  ];
  const commands = lines.map(([command, what]) => `  ${command?.padEnd(56)} ${what}`).join('\n');
  return `${commands}\n\nThe page: http://127.0.0.1:${port}/   More: docs/guide/`;
}
