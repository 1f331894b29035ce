import { type Command, NO_ARGS } from '../../command.ts';
import { openStdin } from '../../session/stdin.ts';

/** The other end of `-H ssh://`: joins stdin and stdout with a connection to the engine. */
export const command: Command = {
  usage: '',
  flags: [],
  args: NO_ARGS,
  async run(context) {
    const socket = await context.client.dial();
    const received = new Promise<void>((resolve, reject) => {
      socket.start({
        data(chunk) {
          context.out.write(chunk);
          if (context.out.pending) return context.out.drain();
        },
        end: resolve,
        error: reject,
      });
    });
    const input = await openStdin();
    const sent = input.pump((chunk) => socket.write(chunk)).then(() => socket.closeWrite());
    // The end of our input is a half-close: what the engine still says is waited for. Its end ends us, input or not.
    sent.catch(() => socket.destroy());
    try {
      await received;
    } finally {
      input.close();
      socket.destroy();
    }
    return 0;
  },
};
