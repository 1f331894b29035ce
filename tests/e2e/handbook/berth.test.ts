import { describe } from 'vitest';
import { handbook } from './handbook.ts';

describe("the Docker Handbook with Berth's client", () => handbook('berth'));
