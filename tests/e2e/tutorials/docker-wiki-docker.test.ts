import { describe } from 'vitest';
import { dockerWiki } from './docker-wiki.ts';

describe("A wiki page on Docker with Docker's own client", () => dockerWiki('docker'));
