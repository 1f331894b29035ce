import { describe } from 'vitest';
import { imageChapters } from './images.ts';

describe("Images in tutorials with Berth's client", () => imageChapters('berth'));
