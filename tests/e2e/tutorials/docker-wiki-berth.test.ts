import { describe } from 'vitest';
import { dockerWiki } from './docker-wiki.ts';

describe("A wiki page on Docker with Berth's client", () => dockerWiki('berth'));
