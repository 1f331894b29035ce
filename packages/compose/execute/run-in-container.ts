import { attachExec, createExec, type EngineClient, FrameReader, inspectExec } from '@berth/client';
import type { Hook } from '../model.ts';

/** Runs a command in a container that runs, and resolves to its exit code. `onOutput`: both streams, as they come. */
export async function runInContainer(
  client: EngineClient,
  container: string,
  hook: Hook,
  onOutput: (data: Uint8Array) => void,
): Promise<number> {
  const env = Object.entries(hook.environment ?? {}).map(([name, value]) =>
    value === null ? name : `${name}=${value}`,
  );
  const { Id } = await createExec(client, container, {
    User: hook.user ?? '',
    Privileged: hook.privileged ?? false,
    Tty: false,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Detach: false,
    DetachKeys: '',
    Env: env,
    WorkingDir: hook.working_dir ?? '',
    Cmd: hook.command ?? [],
  });
  const stream = await attachExec(client, Id, { Tty: false });
  const frames = new FrameReader();
  await stream.receive((chunk) => frames.push(chunk, (_, data) => onOutput(data)));
  return (await inspectExec(client, Id)).ExitCode ?? 0;
}
