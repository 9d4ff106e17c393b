// Places for calls that cost memory. A call that costs more takes several, and gives all of them back.

import { expect, test } from "vitest";
import { Places } from "../../../../src/core/coordinator/calls/places.ts";
import type { Identity } from "../../../../src/core/wire/tls/identity.ts";

const client = (id: string): Identity => ({ kind: "client", id }) as Identity;
const make = () => new Places({ total: 10, perIdentity: 6, reason: "TOO_MANY", doing: "wait" });

test("a call that takes several places needs all of them free", () => {
  const places = make();
  const leave = places.take(client("a"), 4);
  expect(() => places.take(client("a"), 3)).toThrow("6 callers with this identity wait already");
  places.take(client("a"), 2);
  expect(() => places.take(client("b"), 5)).toThrow("10 callers wait already");
  places.take(client("b"), 4);
  leave();
  leave();
  expect(() => places.take(client("c"), 5)).toThrow("10 callers wait already");
  places.take(client("c"), 4);
});

test("administrators have places of their own", () => {
  const places = make();
  places.take(client("a"), 6);
  places.take(client("b"), 4);
  places.take({ kind: "admin" }, 10);
  expect(() => places.take({ kind: "admin" })).toThrow("10 callers wait already");
});
