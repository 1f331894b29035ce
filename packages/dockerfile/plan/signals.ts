const NAMES = new Set(
  (
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP ' +
    'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'
  ).split(' '),
);
const [RTMIN, RTMAX] = [34, 64];

/** True for what Docker takes as a signal: a number, or a name with or without SIG, real-time ones included. */
export function isSignal(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) > 0 && Number(text) <= RTMAX;
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (NAMES.has(name)) return true;
  const real = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (real === null) return false;
  const distance = Number(real[3] ?? 0);
  return distance <= RTMAX - RTMIN && (real[2] === undefined || (real[1] === 'MIN') === (real[2] === '+'));
}
