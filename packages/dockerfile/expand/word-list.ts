import { isSpace } from './reader.ts';

/** Collects words while a text is expanded. */
export class WordList {
  readonly #words: string[] = [];
  #word = '';

  /** Text whose spaces end words. */
  addSplitting(text: string): void {
    if (text.length === 1 && !isSpace(text)) {
      this.#word += text;
      return;
    }
    for (const char of text) {
      if (!isSpace(char)) this.#word += char;
      else if (this.#word !== '') {
        this.#words.push(this.#word);
        this.#word = '';
      }
    }
  }

  /** Text that was quoted: its spaces belong to the word. */
  addWhole(text: string): void {
    this.#word += text;
  }

  end(): string[] {
    if (this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
    return this.#words;
  }
}
