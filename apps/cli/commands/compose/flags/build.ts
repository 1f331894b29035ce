import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose build`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'build-arg', type: 'stringArray', help: 'Set build-time variables for services' },
  { long: 'builder', type: 'string', help: 'Set builder to use' },
  { long: 'check', type: 'bool', help: 'Check build configuration' },
  { long: 'compress', type: 'bool', hidden: true, help: 'Compress the build context using gzip. DEPRECATED' },
  { long: 'force-rm', type: 'bool', hidden: true, help: 'Always remove intermediate containers. DEPRECATED' },
  {
    long: 'memory',
    short: 'm',
    type: 'bytes',
    help: 'Set memory limit for the build container. Not supported by BuildKit.',
  },
  { long: 'no-cache', type: 'bool', help: 'Do not use cache when building the image' },
  {
    long: 'no-rm',
    type: 'bool',
    hidden: true,
    help: 'Do not remove intermediate containers after a successful build. DEPRECATED',
  },
  { long: 'parallel', type: 'bool', default: 'true', hidden: true, help: 'Build images in parallel. DEPRECATED' },
  { long: 'print', type: 'bool', help: 'Print equivalent bake file' },
  { long: 'progress', type: 'string', hidden: true, help: 'Set type of ui output (auto, tty, plain, json, quiet)' },
  { long: 'provenance', type: 'string', help: 'Add a provenance attestation' },
  { long: 'pull', type: 'bool', help: 'Always attempt to pull a newer version of the image' },
  { long: 'push', type: 'bool', help: 'Push service images' },
  { long: 'quiet', short: 'q', type: 'bool', help: 'Suppress the build output' },
  { long: 'sbom', type: 'string', help: 'Add a SBOM attestation' },
  {
    long: 'ssh',
    type: 'string',
    help: "Set SSH authentications used when building service images. (use 'default' for using your default SSH Agent)",
  },
  { long: 'with-dependencies', type: 'bool', help: 'Also build dependencies (transitively)' },
];
