import { describe } from 'vitest';
import { letsUseDocker } from './lets-use-docker.ts';

describe("Lets use docker with Docker's own client", () => letsUseDocker('docker'));
