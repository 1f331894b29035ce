import { BerthError } from '@berth/kit';
import { takeInheritedSocket } from '../linux/inherited-socket.ts';
import { type Address, isLoopback, type Protection, refuseUnprotected } from './address.ts';

/** The first descriptor that a service manager hands over (sd_listen_fds(3)). */
const FIRST = 3;

/**
 * The sockets of `fd://` (all) or `fd://NAME`, which systemd opened for this engine (systemd.socket(5)). Errors: invalid
 * (none was handed over, none of that name, no listening socket, open to whoever reaches it).
 */
export function activatedSockets(text: string, protection: Protection): Address[] {
  const wanted = text.slice('fd://'.length);
  const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: names = '' } = process.env;
  if (Number(pid) !== process.pid || !/^[1-9]\d{0,3}$/.test(count ?? ''))
    throw new BerthError('invalid', `cannot listen on ${text}: no service manager has handed a socket to this engine`, {
      hint: 'fd:// is for systemd units with a .socket unit (see packaging/systemd); otherwise use unix:// or tcp://.',
    });
  const labels = names.split(':');
  const found = Array.from({ length: Number(count) }, (_, index) => ({ fd: FIRST + index, label: labels[index] }));
  const chosen = found.filter(({ fd, label }) => wanted === '' || wanted === label || wanted === String(fd));
  if (chosen.length === 0)
    throw new BerthError('invalid', `cannot listen on ${text}: no socket of that name was handed over`, {
      hint: `There are: ${found.map(({ fd, label }) => label ?? fd).join(', ')}.`,
    });
  return chosen.map(({ fd }) => {
    const at = takeInheritedSocket(fd);
    if (at === undefined)
      throw new BerthError('invalid', `cannot listen on ${text}: descriptor ${fd} is not a listening socket`);
    if (at.kind === 'tcp' && !isLoopback(at.host)) refuseUnprotected(`tcp://${at.host}:${at.port}`, protection);
    return { kind: 'fd', fd, at };
  });
}
