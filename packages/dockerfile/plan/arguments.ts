import { formatPlatform, type Platform } from './platform.ts';

/** Usable in RUN without ARG; never in history, nor in the cache key unless declared. */
export const PROXY_ARGS: readonly string[] = ['HTTP', 'HTTPS', 'FTP', 'NO', 'ALL'].flatMap((name) => [
  `${name}_PROXY`,
  `${name.toLowerCase()}_proxy`,
]);

/**
 * Read by the builder itself: passing one without declaring it is no mistake. BuildKit has more (inline cache, several
 * platforms, bills of materials, SOURCE_DATE_EPOCH): they do nothing here, and so they are told as not consumed.
 */
export const BUILDER_ARGS: readonly string[] = [
  'BUILDKIT_CACHE_MOUNT_NS',
  'BUILDKIT_CONTEXT_KEEP_GIT_DIR',
  'BUILDKIT_SANDBOX_HOSTNAME',
  'BUILDKIT_SYNTAX',
  'BUILDKIT_DOCKERFILE_CHECK',
];

/** The platform arguments of the global scope. */
export function platformArgs(build: Platform, target: Platform, stage: string | undefined): Map<string, string> {
  const args = new Map<string, string>();
  for (const [prefix, platform] of [
    ['BUILD', build],
    ['TARGET', target],
  ] as const) {
    args.set(`${prefix}PLATFORM`, formatPlatform(platform));
    args.set(`${prefix}OS`, platform.os);
    args.set(`${prefix}OSVERSION`, '');
    args.set(`${prefix}ARCH`, platform.architecture);
    args.set(`${prefix}VARIANT`, platform.variant);
  }
  args.set('TARGETSTAGE', stage ?? 'default');
  return args;
}
