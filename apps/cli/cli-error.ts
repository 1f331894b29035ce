/**
 * An error that the user made or must see as written: printed as it is on stderr, then `exitCode`. An empty message
 * prints nothing (the code is the answer).
 */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}
