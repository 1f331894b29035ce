import { check, libc } from './libc.ts';

const posixOpenptC = libc.func('int posix_openpt(int flags)');
const unlockptC = libc.func('int unlockpt(int fd)');
const ioctlNumberC = libc.func('int ioctl(int fd, unsigned long request, int argument)');
const O_RDWR = 2;
const O_NOCTTY = 0o400;
const O_CLOEXEC = 0o2000000;
const TIOCGPTPEER = 0x5441;

/** A new terminal: both descriptors belong to the caller (pty(7); the slave is opened by ioctl, never by path). */
export function openPty(): { master: number; slave: number } {
  const master = check(posixOpenptC(O_RDWR | O_NOCTTY | O_CLOEXEC), 'posix_openpt', 'new terminal');
  check(unlockptC(master), 'unlockpt', String(master));
  return {
    master,
    slave: check(ioctlNumberC(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC), 'ioctl', 'TIOCGPTPEER'),
  };
}
