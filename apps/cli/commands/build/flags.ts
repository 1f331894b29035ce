import type { FlagSpec } from '../../command.ts';
import { checkExtraHost, readSwap } from '../container/options/checks.ts';
import { checkLabel } from '../container/options/environment.ts';
import { checkedBy } from '../container/options/throttle.ts';
import { readUlimit } from '../container/options/ulimit.ts';
import { trustFlag } from '../image/content-trust.ts';
import { checkTag } from './request/tag.ts';

/** Flags of Docker's classic `build`, with BuildKit's after them where both have one. */
const CLASSIC: readonly FlagSpec[] = [
  { long: 'add-host', type: 'list', help: 'Add a custom host-to-IP mapping ("host:ip")', check: checkExtraHost },
  { long: 'build-arg', type: 'list', help: 'Set build-time variables' },
  { long: 'cache-from', type: 'list', help: 'Images to consider as cache sources' },
  {
    long: 'cgroup-parent',
    type: 'string',
    help: 'Set the parent cgroup for the "RUN" instructions during build',
  },
  { long: 'compress', type: 'bool', help: 'Compress the build context using gzip' },
  { long: 'cpu-period', type: 'int', help: 'Limit the CPU CFS (Completely Fair Scheduler) period' },
  { long: 'cpu-quota', type: 'int', help: 'Limit the CPU CFS (Completely Fair Scheduler) quota' },
  { long: 'cpu-shares', short: 'c', type: 'int', help: 'CPU shares (relative weight)' },
  { long: 'cpuset-cpus', type: 'string', help: 'CPUs in which to allow execution (0-3, 0,1)' },
  { long: 'cpuset-mems', type: 'string', help: 'MEMs in which to allow execution (0-3, 0,1)' },
  trustFlag('Skip image verification'),
  { long: 'file', short: 'f', type: 'string', help: 'Name of the Dockerfile (Default is "PATH/Dockerfile")' },
  { long: 'force-rm', type: 'bool', help: 'Always remove intermediate containers' },
  { long: 'iidfile', type: 'string', help: 'Write the image ID to the file' },
  { long: 'isolation', type: 'string', help: 'Container isolation technology' },
  { long: 'label', type: 'list', help: 'Set metadata for an image', check: checkLabel },
  { long: 'memory', short: 'm', type: 'bytes', help: 'Memory limit' },
  {
    long: 'memory-swap',
    type: 'bytes',
    help: 'Swap limit equal to memory plus swap: -1 to enable unlimited swap',
    convert: readSwap,
  },
  {
    long: 'network',
    type: 'string',
    default: 'default',
    help: 'Set the networking mode for the RUN instructions during build',
  },
  { long: 'no-cache', type: 'bool', help: 'Do not use cache when building the image' },
  { long: 'platform', type: 'list', help: 'Set platform if server is multi-platform capable' },
  { long: 'pull', type: 'bool', help: 'Always attempt to pull a newer version of the image' },
  { long: 'quiet', short: 'q', type: 'bool', help: 'Suppress the build output and print image ID on success' },
  { long: 'rm', type: 'bool', default: 'true', help: 'Remove intermediate containers after a successful build' },
  { long: 'security-opt', type: 'strings', help: 'Security options' },
  { long: 'shm-size', type: 'bytes', help: 'Size of "/dev/shm"' },
  { long: 'squash', type: 'bool', help: 'Squash newly built layers into a single new layer' },
  {
    long: 'tag',
    short: 't',
    type: 'list',
    help: 'Name and optionally a tag in the "name:tag" format',
    check: checkTag,
  },
  { long: 'target', type: 'string', help: 'Set the target build stage to build.' },
  { long: 'ulimit', type: 'ulimit', default: '[]', help: 'Ulimit options', check: checkedBy(readUlimit) },
];

/** Flags that only BuildKit's client has. */
const MODERN: readonly FlagSpec[] = [
  {
    long: 'allow',
    type: 'list',
    help: 'Allow extra privileged entitlement (e.g., "network.host", "security.insecure")',
  },
  { long: 'annotation', type: 'list', help: 'Add annotation to the image (not supported)' },
  {
    long: 'attest',
    type: 'list',
    help: 'Attestation parameters (not supported but "type=...,disabled=true")',
  },
  { long: 'build-context', type: 'list', help: 'Additional build contexts (e.g., name=path)' },
  { long: 'builder', type: 'string', help: 'Override the configured builder instance (only "default" is there)' },
  {
    long: 'cache-to',
    type: 'list',
    help: 'Cache export destinations (e.g., "user/app:cache", "type=local,dest=path/to/dir")',
  },
  {
    long: 'call',
    type: 'string',
    default: 'build',
    help: 'Set method for evaluating build ("check", "outline", "targets")',
  },
  { long: 'check', type: 'bool', help: 'Shorthand for "--call=check"' },
  { long: 'debug', short: 'D', type: 'bool', help: 'Enable debug logging' },
  { long: 'load', type: 'bool', help: 'Shorthand for "--output=type=docker"' },
  { long: 'metadata-file', type: 'string', help: 'Write build result metadata to a file' },
  { long: 'no-cache-filter', type: 'list', help: 'Do not cache specified stages' },
  { long: 'output', short: 'o', type: 'list', help: 'Output destination (format: "type=local,dest=path")' },
  { long: 'policy', type: 'list', help: 'Policy configuration (not supported)' },
  {
    long: 'progress',
    type: 'string',
    default: 'auto',
    help: 'Set type of progress output ("auto", "classic", "json", "none", "plain", "quiet", "rawjson", "tty")',
  },
  { long: 'provenance', type: 'string', help: 'Shorthand for "--attest=type=provenance" (only "false")' },
  { long: 'push', type: 'bool', help: 'Shorthand for "--output=type=registry"' },
  { long: 'resource', type: 'list', help: 'Resource limits for build containers (format: "memory=2g")' },
  { long: 'sbom', type: 'string', help: 'Shorthand for "--attest=type=sbom" (only "false")' },
  { long: 'secret', type: 'list', help: 'Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")' },
  {
    long: 'ssh',
    type: 'list',
    help: 'SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>|<key>[,<key>]]")',
  },
];

/** Flags that only Berth has. */
const OWN: readonly FlagSpec[] = [
  { long: 'explain', type: 'bool', help: 'Say for each step why it was or was not taken from the cache' },
  { long: 'list', type: 'bool', help: 'List the files that would be sent instead of building' },
  { long: 'why', type: 'bool', help: 'With "--list": name the rule that includes or excludes each file' },
];

export const BUILD_FLAGS: readonly FlagSpec[] = [...CLASSIC, ...MODERN, ...OWN];
