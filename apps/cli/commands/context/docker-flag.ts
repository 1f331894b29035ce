import type { FlagSpec } from '../../command.ts';
import type { Context } from '../../context.ts';
import { splitCsv } from '../container/options/csv.ts';

/** `--docker` of `create` and `update`. */
export const DOCKER_FLAG: FlagSpec = {
  long: 'docker',
  type: 'stringToString',
  default: '[]',
  help: 'set the docker endpoint',
  check: (text) => {
    splitPairs(text);
    return text;
  },
};

/** All `--docker` together; later values win. */
export function readDockerFlags(texts: readonly string[]): Map<string, string> {
  return new Map(texts.flatMap(splitPairs));
}

function splitPairs(text: string): [string, string][] {
  if (text === '') return [];
  return splitCsv(text).map((pair) => {
    const equals = pair.indexOf('=');
    if (equals < 0) throw new Error(`${pair} must be formatted as key=value`);
    return [pair.slice(0, equals), pair.slice(equals + 1)];
  });
}

/** `--help` of `create` and `update`, which explains what `--docker` takes. */
export function endpointHelp(
  summary: string,
  word: 'create' | 'update',
  context: Pick<Context, 'programName'>,
): string {
  return `${summary}

Docker endpoint config:

NAME                DESCRIPTION
from                Copy named context's Docker endpoint configuration
host                Docker endpoint on which to connect
ca                  Trust certs signed only by this CA
cert                Path to TLS certificate file
key                 Path to TLS key file
skip-tls-verify     Skip TLS certificate validation

Example:

$ ${context.programName} context ${word} my-context --description "some description" --docker "host=tcp://myserver:2376,ca=~/ca-file,cert=~/cert-file,key=~/key-file"`;
}
