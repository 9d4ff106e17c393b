// A burst of new calls is read in shares of a pass of the event loop; what is beyond waits in the sockets.

import { beforeEach, expect, test } from "vitest";
import {
  PacedReading,
  READ_MS,
  type ReadConnection,
} from "../../../../src/core/wire/server/paced-reading.ts";

class Connection implements ReadConnection {
  isRead = true;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  stopReading(): void {
    this.isRead = false;
  }

  readOn(): void {
    this.isRead = true;
    readOn.push(this.#name);
  }
}

let nowMs: number;
let passes: (() => void)[];
let readOn: string[];
let reading: PacedReading;
let a: Connection;
let b: Connection;
let c: Connection;
beforeEach(() => {
  nowMs = 0;
  passes = [];
  readOn = [];
  reading = new PacedReading({ now: () => nowMs, nextPass: (run) => passes.push(run) });
  [a, b, c] = [new Connection("a"), new Connection("b"), new Connection("c")];
});

function endPass(): void {
  for (const run of passes.splice(0)) run();
}

/** Calls that take 1 ms each. */
function bring(connection: Connection, count: number): void {
  for (let at = 0; at < count; at += 1) {
    reading.brought(connection);
    nowMs += 1;
  }
}

test("a few calls stop nothing", () => {
  bring(a, READ_MS);
  expect(a.isRead).toBe(true);
  endPass();
  bring(a, READ_MS);
  expect(a.isRead, "each pass has a share of its own").toBe(true);
  endPass();
  expect(passes, "nothing is left to be done").toEqual([]);
});

test("once calls have had their share of a pass, no connection that brings them is read before the next", () => {
  bring(b, 1);
  endPass();
  bring(a, READ_MS + 1);
  expect([a.isRead, b.isRead]).toEqual([false, false]);
  endPass();
  expect([a.isRead, b.isRead]).toEqual([true, true]);
});

test("a connection that brings its first call beyond the share is stopped as well", () => {
  bring(a, READ_MS + 1);
  bring(c, 1);
  expect(c.isRead).toBe(false);
  endPass();
  expect(c.isRead).toBe(true);
});

test("the one that was read last is the last to be read again", () => {
  bring(a, 1);
  bring(b, 1);
  bring(c, 1);
  endPass();
  bring(a, READ_MS + 1);
  endPass();
  expect(readOn).toEqual(["b", "c", "a"]);
});

test("reads that bring no call have the same share: a read may hold a byte", () => {
  bring(b, 1);
  endPass();
  for (let at = 0; at < READ_MS + 1; at += 1) {
    reading.hasRead(a);
    nowMs += 1;
  }
  expect([a.isRead, b.isRead]).toEqual([false, false]);
  endPass();
  expect(readOn).toEqual(["b", "a"]);
});

test("a connection that has closed is left alone", () => {
  bring(a, 1);
  reading.closed(a);
  bring(b, READ_MS + 1);
  endPass();
  expect(readOn).toEqual(["b"]);
});

test("a connection that has brought no call yet waits with the others", () => {
  reading.opened(b);
  bring(a, READ_MS + 1);
  expect(b.isRead, "its first calls would come in this pass").toBe(false);
  reading.opened(c);
  expect(c.isRead).toBe(false);
  endPass();
  expect([a.isRead, b.isRead, c.isRead]).toEqual([true, true, true]);
});
