// A terminal without a screen: a size that can change, what was written, keys that can be pressed. Unlike
// ink-testing-library's it has rows, and so exercises the alternate screen and the drawing of differences.
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";

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

  readonly write = (text: string, done?: unknown): boolean => {
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
