import { describe } from 'vitest';
import { imageChapters } from './images.ts';

describe("Images in tutorials with Docker's client", () => imageChapters('docker'));
