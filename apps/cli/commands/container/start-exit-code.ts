/**
 * The exit code for a process that could not be started, from the runtime's sentence: 127 not found, 126 not allowed,
 * else `otherwise`.
 */
export function startExitCode(message: string, otherwise: number): number {
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(message))
    return 127;
  if (/permission denied|is a directory/.test(message)) return 126;
  return otherwise;
}
