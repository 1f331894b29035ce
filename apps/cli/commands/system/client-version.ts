import type { Context } from '../../context.ts';
import { DOCKER_VERSION, VERSION } from '../../version.ts';

/** The client's own part of `version` and `info`; keys are Docker's. */
export interface ClientVersion {
  Platform: { Name: string };
  Version: string;
  ApiVersion: string;
  DefaultAPIVersion: string;
  GitCommit: string;
  GoVersion: string;
  Os: string;
  Arch: string;
  BuildTime: string;
  Context: string;
}

/** Under Docker's name the version is the one that is followed, because scripts compare it. */
export function clientVersion(context: Context, apiVersion: string, newestApiVersion: string): ClientVersion {
  const { bun, node } = process.versions;
  return {
    Platform: { Name: 'Berth' },
    Version: context.programName === 'docker' ? DOCKER_VERSION : VERSION,
    ApiVersion: apiVersion,
    DefaultAPIVersion: newestApiVersion,
    GitCommit: `berth-${VERSION}`,
    // No Go here: what runs the program stands in its place.
    GoVersion: bun ? `bun${bun}` : `node${node}`,
    Os: process.platform,
    Arch: process.arch === 'x64' ? 'amd64' : process.arch,
    BuildTime: '',
    Context: context.contextName,
  };
}
