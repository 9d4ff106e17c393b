// Terminals that a test can look at. They have a size that can change, keep what was written, and take keys that a
// test presses. One of them has a screen.
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import xterm from "@xterm/headless";

export class StubStdout extends EventEmitter {
  readonly isTTY = true;
  columns: number;
  rows: number;
  written = "";

  constructor(columns: number, rows: number) {
    super();
    this.columns = columns;
    this.rows = rows;
  }

  write: (text: string, done?: unknown) => boolean = (text, done) => {
    this.written += text;
    if (typeof done === "function") done();
    return true;
  };

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.emit("resize");
  }
}

/** What is written is shown on the screen of a headless xterm. */
export class ScreenStdout extends StubStdout {
  readonly #screen: xterm.Terminal;

  constructor(columns: number, rows: number) {
    super(columns, rows);
    this.#screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    const { write } = this;
    this.write = (text, done) => {
      this.#screen.write(text);
      return write(text, done);
    };
  }

  /** The rows of the screen, without the blanks at their ends. */
  get lines(): readonly string[] {
    const { active } = this.#screen.buffer;
    return Array.from({ length: this.rows }, (_, row) => active.getLine(row)?.translateToString(true) ?? "");
  }

  override resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows);
    super.resize(columns, rows);
  }
}

export class StubStdin extends PassThrough {
  readonly isTTY = true;
  rawModes: boolean[] = [];

  setRawMode(raw: boolean): this {
    this.rawModes.push(raw);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
