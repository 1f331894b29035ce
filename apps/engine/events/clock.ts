/** How far the wall clock may be from what was counted before it is believed again, in nanoseconds. */
const DRIFT = 5_000_000n;

/**
 * Nanoseconds since the epoch, each call later than the one before: the order of events survives in their times.
 * Follows the wall clock when that was set.
 */
export function createClock(): () => bigint {
  let base = wall() - process.hrtime.bigint();
  let last = 0n;
  return () => {
    let now = base + process.hrtime.bigint();
    const difference = wall() - now;
    if (difference > DRIFT || difference < -DRIFT) {
      base += difference;
      now += difference;
    }
    last = now > last ? now : last + 1n;
    return last;
  };
}

function wall(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
