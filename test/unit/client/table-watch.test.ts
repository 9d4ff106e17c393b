import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { type WatchEvent, type WatchOptions, watchTables } from "../../../src/client/table-watch.ts";
import {
  TableChange,
  type WatchRequest,
  WatchResponse,
} from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { WatchReset } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { rpcError } from "../../../src/core/wire/rpc-error.ts";

const told = (revision: number, ...indexes: readonly number[]) =>
  WatchResponse.fromPartial({
    revision,
    changes: indexes.map((index) => TableChange.fromPartial({ index })),
  });
const reset = (revision: number) => WatchResponse.fromPartial({ revision, reset: true });
const down = rpcError(status.UNAVAILABLE, "NO_LEADER", "this replica knows no leader");

/** One stream after another, each a script of answers with how it ends; null = it is cancelled at its end. */
async function watched(
  scripts: readonly { readonly answers: readonly WatchResponse[]; readonly ends: Error | null }[],
  options: Partial<WatchOptions> = {},
) {
  const asked: { address: string; after: number | undefined }[] = [];
  const incarnations: (string | undefined)[] = [];
  const stop = new AbortController();
  const left = [...scripts];
  const open = (address: string, { afterRevision, incarnation }: WatchRequest) => {
    incarnations.push(incarnation);
    asked.push({ address, after: afterRevision });
    const script = left.shift();
    async function* answers() {
      yield* script?.answers ?? [];
      if (left.length === 0) stop.abort();
      if (script?.ends) throw script.ends;
    }
    return { cancel: () => undefined, [Symbol.asyncIterator]: () => answers() };
  };
  const pauses: number[] = [];
  let nowMs = 0;
  const sleep = async (ms: number) => {
    nowMs += ms;
    pauses.push(ms);
  };
  const world = { now: () => nowMs, sleep, random: () => 0 };
  const events: WatchEvent[] = [];
  const source = { addresses: ["n1", "n2"], open };
  const all = { tables: [], signal: stop.signal, ...options };
  for await (const event of watchTables(source, all, world)) events.push(event);
  return { asked, incarnations, pauses, told: events.map((event) => [event.kind, event.revision]), events };
}

test("a broken stream goes on at the next node after the last revision that was told", async () => {
  const { asked, told: said } = await watched([
    { answers: [told(5), told(7, 6, 7)], ends: down },
    { answers: [told(7), told(9, 8)], ends: null },
  ]);
  expect(asked).toEqual([
    { address: "n1", after: undefined },
    { address: "n2", after: 7 },
  ]);
  expect(said.at(-1)).toEqual(["changes", 9]);
});

test("a stream that ends before it told anything promises nothing: the next begins anew", async () => {
  const { asked } = await watched([
    { answers: [], ends: down },
    { answers: [told(3)], ends: null },
  ]);
  expect(asked.map(({ after }) => after)).toEqual([undefined, undefined]);
});

test("a reset is told, and the watch goes on from it", async () => {
  const { asked, told: said } = await watched(
    [
      { answers: [reset(40)], ends: down },
      { answers: [told(41, 41)], ends: null },
    ],
    { afterRevision: 2 },
  );
  expect(said).toEqual([
    ["reset", 40],
    ["changes", 41],
  ]);
  expect(asked.map(({ after }) => after)).toEqual([2, 40]);
});

test("when no node answers it tries them in turn, ever more slowly", async () => {
  const tries = Array.from({ length: 8 }, () => ({ answers: [], ends: down }));
  const { asked, pauses } = await watched(tries);
  expect(asked.map(({ address }) => address).slice(0, 4)).toEqual(["n1", "n2", "n1", "n2"]);
  expect(pauses.slice(0, 4)).toEqual([25, 50, 100, 200]);
});

test("a refusal that every node would give is the caller's to see", async () => {
  const denied = rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", "you may not");
  const refused = [
    { answers: [], ends: denied },
    { answers: [told(1)], ends: null },
  ];
  await expect(watched(refused)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
});

test("a node that tells a change again is left for another", async () => {
  const { asked, told: said } = await watched([
    { answers: [told(7, 7), told(8, 7, 8)], ends: down },
    { answers: [told(8, 8)], ends: null },
  ]);
  expect(said).toEqual([
    ["changes", 7],
    ["changes", 8],
  ]);
  expect(asked.at(-1)).toEqual({ address: "n2", after: 7 });
});

test("a reset says why, and may go back to where the fleet is", async () => {
  const unreached = WatchResponse.fromPartial({
    revision: 5,
    reset: true,
    resetReason: WatchReset.UNREACHED,
  });
  const { events, asked } = await watched(
    [
      { answers: [unreached], ends: down },
      { answers: [told(6, 6)], ends: null },
    ],
    { afterRevision: 900 },
  );
  expect(events[0]).toEqual({ kind: "reset", revision: 5, reason: "unreached" });
  expect(asked.map(({ after }) => after)).toEqual([900, 5]);
});

test("a revision travels with the incarnation that it is of, and a reset brings another one", async () => {
  const of = (incarnation: string, differs: Partial<WatchResponse>) =>
    WatchResponse.fromPartial({ ...differs, incarnation });
  const resetReason = WatchReset.INCARNATION;
  const { incarnations, asked, events } = await watched([
    { answers: [of("lost", { revision: 140 }), told(150, 150)], ends: down },
    { answers: [of("restored", { revision: 103, reset: true, resetReason })], ends: down },
    { answers: [told(104, 104)], ends: null },
  ]);
  expect(incarnations).toEqual([undefined, "lost", "restored"]);
  expect(asked.map(({ after }) => after)).toEqual([undefined, 150, 103]);
  expect(events[2]).toEqual({ kind: "reset", revision: 103, reason: "incarnation", incarnation: "restored" });
});

test("a node that goes on in another incarnation without a reset is not believed", async () => {
  const { told: said } = await watched([
    { answers: [WatchResponse.fromPartial({ revision: 140, incarnation: "lost" })], ends: down },
    { answers: [WatchResponse.fromPartial({ revision: 160, incarnation: "restored" })], ends: null },
  ]);
  expect(said).toEqual([["changes", 140]]);
});

const refused = rpcError(status.UNAVAILABLE, "NO_ROUTE", "connection refused");
const silent = (times: number) => Array.from({ length: times }, () => ({ answers: [], ends: refused }));

test("a watch that no node answers ends with the reason", async () => {
  await expect(watched(silent(100), { firstAnswerMs: 5_000 })).rejects.toMatchObject({
    code: "UNAVAILABLE",
    parts: { exit: 5, why: "connection refused", endpoint: "n1, n2" },
  });
});

test("a watch that was answered once retries for as long as its nodes are away", async () => {
  const { asked } = await watched([{ answers: [told(5)], ends: down }, ...silent(100)], {
    firstAnswerMs: 5_000,
  });
  expect(asked).toHaveLength(101);
});
