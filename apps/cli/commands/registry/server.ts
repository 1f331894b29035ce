/** Docker Hub's key in configuration files, in the form all Docker clients use. */
export const HUB = 'https://index.docker.io/v1/';

/** The key of a server as the user wrote it: Docker Hub's, or the bare host. */
export function serverKey(given: string): string {
  return given === '' || given === 'docker.io' ? HUB : serverHost(given);
}

/** Host and port, without scheme and path: `https://reg.example.com/v1/` is `reg.example.com`. */
export function serverHost(address: string): string {
  return address.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
}

/** The key of the registry that an image name points to. */
export function serverOfImage(name: string): string {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  if (!isHost || first === 'docker.io' || first === 'index.docker.io') return HUB;
  return first;
}
