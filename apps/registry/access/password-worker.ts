import { parentPort } from 'node:worker_threads';
import { compare } from 'bcryptjs';

// One password at a time: what waits, waits in the main thread, where it is counted.
parentPort?.on('message', ({ id, password, hash }: { id: number; password: string; hash: string }) => {
  compare(password, hash).then(
    (right) => parentPort?.postMessage({ id, right }),
    () => parentPort?.postMessage({ id, right: false }),
  );
});
