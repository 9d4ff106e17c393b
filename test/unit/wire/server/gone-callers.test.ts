// A caller that is gone before its method listens for it: the method hears of it, or does not begin.

import { setImmediate as nextPass } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { silentLog } from "../../../../src/core/base/log.ts";
import type { Reader, ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { framed } from "../../../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../../../src/core/wire/server/method-rules.ts";
import { refuse } from "../../../../src/core/wire/server/stream-answer.ts";
import {
  type ServedMethod,
  serveUnary,
  type UnaryMethod,
} from "../../../../src/core/wire/server/unary-calls.ts";

class FakeStream {
  isGone = false;
  readonly session = {};
  readonly #closed: (() => void)[] = [];
  #reader: Reader | null = null;

  read(reader: Reader): void {
    this.#reader = reader;
  }

  onClose(listener: () => void): void {
    this.#closed.push(listener);
  }

  /** The caller has sent its whole request. */
  send(bytes: number): void {
    this.#reader?.data(Buffer.from(framed(Buffer.alloc(bytes))));
    this.#reader?.end();
  }

  gone(): void {
    this.isGone = true;
    for (const listener of this.#closed) listener();
  }
}

const nothing = () => undefined;
/** How many calls have given back their part of the budget. */
let settled = 0;
beforeEach(() => {
  settled = 0;
});

function serve(method: UnaryMethod<unknown, unknown>, turn: Promise<unknown> | null): FakeStream {
  const stream = new FakeStream();
  const definition = { path: "/a/B", requestDeserialize: nothing, responseSerialize: () => Buffer.alloc(0) };
  const rule = { allow: anyIdentity, bytesMax: 1_000_000 };
  const errors = new InternalErrors("server", silentLog);
  const budget = { account: null, announce: () => null, refuse, waste: nothing };
  const served = { definition, method, rule, errors } as unknown as ServedMethod;
  serveUnary(stream as unknown as ServerStream, served, {
    identity: { kind: "admin" },
    headers: { ":method": "POST", "content-type": "application/grpc" },
    cameMs: 0,
    budget: { ...budget, refuseUnread: () => null, answer: nothing, hold: () => () => (settled += 1) },
    late: { add: () => ({}), remove: nothing },
    gate: { goOn: () => turn },
  });
  return stream;
}

test("a call whose caller went while it waited for its turn does not begin", async () => {
  const turn = Promise.withResolvers<void>();
  let begun = 0;
  const stream = serve(async () => {
    begun += 1;
  }, turn.promise);
  stream.send(20_000);
  stream.gone();
  turn.resolve();
  await nextPass();
  expect(begun).toBe(0);
});

test("a listener that comes after its caller went is called at once, and only once", async () => {
  const late = Promise.withResolvers<void>();
  let heard = 0;
  const stream = serve(async ({ onGone }) => {
    await late.promise;
    onGone(() => {
      heard += 1;
    });
  }, null);
  stream.send(1);
  stream.gone();
  expect(settled, "its handler is under way").toBe(0);
  late.resolve();
  await nextPass();
  expect([heard, settled]).toEqual([1, 1]);
});
