import { describe } from 'vitest';
import { letsUseDocker } from './lets-use-docker.ts';

describe("Lets use docker with Berth's client", () => letsUseDocker('berth'));
