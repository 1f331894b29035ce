import { statSync } from 'node:fs';
import manifest from '../package.json' with { type: 'json' };

/** Version of Berth. */
export const VERSION: string = manifest.version;

/** Which build this is: set by whoever starts a built engine; `source` when it runs from sources. */
export const BUILD: string = process.env['BERTH_BUILD'] ?? 'source';

/** When the running program was written, RFC 3339. */
export const BUILD_TIME: string = statSync(new URL(import.meta.url)).mtime.toISOString();
