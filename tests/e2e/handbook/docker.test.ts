import { describe } from 'vitest';
import { handbook } from './handbook.ts';

describe("the Docker Handbook with Docker's own client", () => handbook('docker'));
