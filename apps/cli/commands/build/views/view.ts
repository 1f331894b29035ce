import type { BuildProgress } from '@berth/contract';
import type { Context } from '../../../context.ts';
import { onInterrupt } from '../on-interrupt.ts';

/** Shows a build while it goes on. */
export interface BuildView {
  take(progress: BuildProgress): void;
  /** Draws what is still to be drawn; `failure` is the build's error. Called once. */
  end(failure?: string): void;
}

/** What `--progress` can say, resolved. */
export type ProgressMode = 'classic' | 'plain' | 'tty' | 'json' | 'quiet' | 'none';

/** Loads and makes the view of a mode that is not classic. */
export async function openView(mode: Exclude<ProgressMode, 'classic'>, context: Context): Promise<BuildView> {
  switch (mode) {
    case 'plain':
      return (await import('./plain.ts')).plainView((text) => context.err.write(text));
    case 'tty':
      return (await import('./live.ts')).liveView(context.err, {
        color: context.err.colors,
        onResize: (redraw) => {
          process.on('SIGWINCH', redraw);
          return () => process.off('SIGWINCH', redraw);
        },
        onInterrupt,
      });
    case 'json':
      return {
        take: (progress) => {
          if (Object.keys(progress).length > 0) context.err.write(`${JSON.stringify(progress)}\n`);
        },
        end: () => undefined,
      };
    default:
      return { take: () => undefined, end: () => undefined };
  }
}
