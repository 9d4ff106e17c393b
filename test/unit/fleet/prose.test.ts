// From cluster version 2 on no sentence is part of the state. Another wording changes no digest, and what is kept is
// enough to say what version 1 said (ADR-0015).

import { afterEach, expect, test, vi } from "vitest";
import { logIndex } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { apply } from "../../../src/core/fleet/apply.ts";
import { renderApplied, renderAuditEntry } from "../../../src/core/fleet/audit/render-audit.ts";
import { renderRefusal } from "../../../src/core/fleet/render-refusal.ts";
import { FleetState } from "../../../src/core/fleet/state.ts";
import { Command, type Outcome } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { workload } from "../../fixtures/format-workload.ts";
import * as make from "./replica.ts";

const RENDERERS = ["render-audit", "render-refusal"].map((name) => `../../../src/core/fleet/${name}.ts`);

afterEach(() => {
  for (const path of RENDERERS) vi.doUnmock(path);
  vi.resetModules();
});

/** The fixture's commands from index 2 on, with the sessions that they open there. */
function commands(): Command[] {
  const state = new FleetState();
  state.advanceTo(logIndex(1));
  const opened: number[] = [];
  const all: Command[] = [];
  for (const partial of workload(new SeededPrng(7), opened)) {
    const command = Command.fromPartial(partial);
    const index = logIndex(state.appliedIndex + 1);
    const { result } = apply(state, index, command);
    all.push(command);
    const isOpened =
      command.operation?.kind?.$case === "openSession" && result?.$case === "applied" && opened.length < 8;
    if (isOpened) opened.push(index);
    // The rest repeats one operation so often that tables are full.
    if (all.length === 8_000) break;
  }
  return all;
}

const LOG = commands();

function atVersion(version: number): FleetState {
  const { state } = version === 1 ? new make.Replica() : new make.Replica().applyAll([make.raise(version)]);
  if (version === 1) state.advanceTo(logIndex(1));
  return state;
}

/** What an answer says, in words. */
function wordsOf({ result }: Outcome): unknown {
  if (result?.$case === "rejected") {
    const { reason, message, rows } = renderRefusal(result.value);
    return { reason, message, rows: rows.map((row) => [row.row, row.reason, row.message]) };
  }
  const applied = result?.value;
  return applied && renderApplied(applied).summary;
}

/** Sentences that version 1 keeps for ever, in the words with which they are rendered today. */
function reworded<Words>(words: Words): Words {
  const today = JSON.stringify(words ?? null)
    .replaceAll("tells it to let go of", "tells it to release")
    .replaceAll("found the fleet with", "bootstrap the fleet with")
    .replaceAll(
      "founders have numbers and names of their own",
      "each member at the bootstrap needs a number and a name of its own",
    )
    .replaceAll(
      "is a voter; a voter is removed, not demoted",
      "is a voter, and a voter cannot become a learner: remove it instead",
    )
    .replaceAll(
      "a shard has one slice of a quota",
      "the request names a shard twice, and a shard has only one slice of a quota",
    );
  return JSON.parse(today) ?? words;
}

test("what version 2 keeps says all that version 1 said, of each outcome and each audit entry", () => {
  const [older, newer] = [atVersion(1), atVersion(2)];
  const reasons = new Set<string>();
  for (const [at, command] of LOG.entries()) {
    const index = logIndex(at + 2);
    const before = apply(older, index, command);
    const after = apply(newer, index, command);
    expect(wordsOf(after), JSON.stringify(command.operation)).toEqual(reworded(wordsOf(before)));
    if (before.result?.$case === "rejected") reasons.add(before.result.value.reason);
  }
  expect(reasons.size).toBeGreaterThan(35);
  const said = (state: FleetState) =>
    Array.from(state.tables.audit.rows(), (row) => renderAuditEntry(row).what);
  expect(said(newer).slice(1)).toEqual(reworded(said(older)));
  expect(said(newer)[0]).toBe("raise the cluster version to 2");
});

test("version 2 keeps no sentence, and version 1 keeps them as it always did", () => {
  const [older, newer] = [atVersion(1), atVersion(2)];
  for (const [at, command] of LOG.entries()) {
    apply(older, logIndex(at + 2), command);
    apply(newer, logIndex(at + 2), command);
  }
  expect(Array.from(newer.tables.audit.rows(), (row) => row.what).filter((what) => what !== "")).toEqual([]);
  expect(Array.from(newer.tables.outcomes.rows()).flatMap(proseOf)).toEqual([]);
  expect(Array.from(older.tables.audit.rows()).every((row) => row.what !== "")).toBe(true);
  expect(Array.from(older.tables.outcomes.rows()).flatMap(proseOf).length).toBeGreaterThan(0);
  const [first] = older.tables.audit.rows();
  expect(first && renderAuditEntry(first), "old rows stay readable").toEqual(first);
});

function proseOf({ outcome }: { readonly outcome?: Outcome | undefined }): string[] {
  const result = outcome?.result;
  if (result === undefined) return [];
  const texts =
    result.$case === "applied"
      ? [result.value.summary]
      : [result.value.message, ...result.value.rows.map((row) => row.message)];
  return texts.filter((text) => text !== "");
}

test("a build that says everything in other words has the same digest after every entry", async () => {
  const steady = atVersion(2);
  const hashes = LOG.map((command, at) => {
    apply(steady, logIndex(at + 2), command);
    return steady.hash();
  });
  vi.resetModules();
  const reworded = () => {
    throw new Error("what is said is made when it is read");
  };
  for (const path of RENDERERS) {
    vi.doMock(path, () => ({ renderAuditEntry: reworded, renderApplied: reworded, renderRefusal: reworded }));
  }
  const other = await import("../../../src/core/fleet/apply.ts");
  const { FleetState: OtherState } = await import("../../../src/core/fleet/state.ts");
  const state = new OtherState();
  other.apply(state, logIndex(1), make.command(make.raise(2)));
  for (const [at, command] of LOG.entries()) {
    other.apply(state, logIndex(at + 2), command);
    if (state.hash() !== hashes[at]) expect(`${at} ${state.hash()}`).toBe(`${at} ${hashes[at]}`);
  }
});
