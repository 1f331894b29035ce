/** Of this program, as package.json has it. */
export const VERSION = '0.1.0';

/** Docker's release whose commands, flags and texts this program follows. */
export const DOCKER_VERSION = '28.2.2';

/** Answer of `--version`. Under Docker's name it has Docker's shape, because scripts read the number. */
export function versionLine(programName: string): string {
  if (programName === 'docker') return `Docker version ${DOCKER_VERSION}, build berth-${VERSION}`;
  return `Berth version ${VERSION}, Docker ${DOCKER_VERSION} compatible`;
}
