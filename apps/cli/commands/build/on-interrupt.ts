/**
 * Has something put in order when the user interrupts the program, which then ends as it would have without that. The returned
 * function takes it back.
 */
export function onInterrupt(tidy: () => void): () => void {
  const handle = (signal: NodeJS.Signals) => {
    stop();
    tidy();
    // Nobody listens any more, or the next one who does goes on with this.
    process.kill(process.pid, signal);
  };
  const stop = () => {
    process.off('SIGINT', handle);
    process.off('SIGTERM', handle);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return stop;
}
