import type { Ulimit } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { canRaiseLimits, ownHardLimit, ownOomScore } from '../../linux/rlimits.ts';

const NAMES = /^(core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack|as)$/;

/** Errors: invalid, with Docker's sentences where it has one. */
export function checkUlimits(ulimits: readonly Ulimit[]): void {
  for (const { Name, Soft, Hard } of ulimits) {
    if (!NAMES.test(Name)) throw invalid(`invalid ulimit type: ${Name}`);
    if (Soft < -1 || Hard < -1) throw invalid(`invalid ulimit ${Name}: ${Soft}:${Hard}`);
    if (Hard !== -1 && (Soft > Hard || Soft === -1))
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
  }
  checkRaises(ulimits);
}

/** What this engine may not grant. Errors: invalid, saying why. */
export function checkRaises(ulimits: readonly Ulimit[]): void {
  if (ulimits.length === 0 || canRaiseLimits()) return;
  for (const { Name, Hard } of ulimits) {
    const own = ownHardLimit(Name);
    if (own !== undefined && (Hard === -1 || Hard > own)) {
      throw new BerthError(
        'invalid',
        `cannot set ulimit ${Name}: a hard limit of ${Hard === -1 ? 'unlimited' : Hard} is above this host's ${own}, and the engine lacks the capability CAP_SYS_RESOURCE that raises it`,
        { hint: `Ask for ${own} at most, or run the engine where it has CAP_SYS_RESOURCE.` },
      );
    }
  }
}

/** The kernel lets nobody without the capability go below what a process began with. Errors: invalid, saying why. */
export function checkOomScore(score: number): void {
  if (score >= 0 || canRaiseLimits()) return;
  const own = Math.min(0, ownOomScore());
  if (score >= own) return;
  throw new BerthError(
    'invalid',
    `cannot set oom-score-adj ${score}: below ${own} it needs the capability CAP_SYS_RESOURCE, which the engine lacks`,
    { hint: `Ask for ${own} or more, or run the engine where it has CAP_SYS_RESOURCE.` },
  );
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
