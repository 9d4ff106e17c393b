// What the log says of a state that can't be trusted: an operator finds what was found, and the command to run.

import { expect, test } from "vitest";
import type { WallMs } from "../../../../src/core/base/clock.ts";
import { type Divergence, StateTrust } from "../../../../src/core/coordinator/divergence/state-trust.ts";

const FINDING = { index: 7, digest: "a", expected: "b", cause: "majority", detail: "" } as const;
const FENCED = "this replica's state is wrong: it is fenced, serves no reads and does not lead";

function trusting(found: Divergence | null = null) {
  const lines: (readonly [string, unknown])[] = [];
  const trust = new StateTrust({
    ...{ found, mark: async () => undefined, about: { group: 1 } },
    now: () => 9 as WallMs,
    log: {
      info: (fact, fields) => lines.push([fact, fields]),
      warn: () => expect.unreachable("a doubt is an error"),
      error: (fact, fields) => lines.push([`error: ${fact}`, fields]),
    },
  });
  return { trust, lines };
}

test("a fence says once what was found, and the command that ends it", () => {
  const { trust, lines } = trusting();
  for (let times = 0; times < 2; times += 1) trust.fence(FINDING);
  const next = expect.stringContaining("fleet member rebuild");
  expect(lines).toEqual([[`error: ${FENCED}`, { ...FINDING, group: 1, atMs: 9, next }]]);
});

test("a replica that was fenced before its start says so again", () => {
  const { lines } = trusting({ ...FINDING, atMs: 3 as WallMs });
  expect(lines).toEqual([[`error: ${FENCED}`, expect.objectContaining({ index: 7, atMs: 3 })]]);
});

test("a dispute says which command compares the states, and its end is said too", () => {
  const { trust, lines } = trusting();
  trust.dispute(7);
  trust.agree(8 as never);
  const next = expect.stringContaining("fleet status");
  expect(lines).toEqual([
    [expect.stringContaining("none has a majority"), { group: 1, index: 7, next }],
    [expect.stringContaining("it serves again"), undefined],
  ]);
});
