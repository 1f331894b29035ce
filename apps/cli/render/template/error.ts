/** A template that cannot be parsed or executed; the message is Go's. */
export class TemplateError extends Error {
  /** What had been written before the error. */
  readonly partial: string;

  constructor(message: string, partial = '') {
    super(message);
    this.name = 'TemplateError';
    this.partial = partial;
  }
}
