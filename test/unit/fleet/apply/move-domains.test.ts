import { expect, test, vi } from "vitest";
import { dryRun } from "../../../../src/core/fleet/apply.ts";
import { DOMAIN_MOVES_MAX } from "../../../../src/core/fleet/limits.ts";
import { listAudit, listDomains } from "../../../../src/core/fleet/query.ts";
import { domainKey } from "../../../../src/core/fleet/tables/schema.ts";
import { assign, brief, command, drain, move, Replica, register } from "../replica.ts";

const fleet = () =>
  new Replica().applyAll([
    register("s1"),
    register("s2"),
    assign("zone", "a", "s1"),
    assign("zone", "b", "s1"),
  ]);

const owners = (replica: Replica) =>
  listDomains(replica.state).map(({ key, value, shardId }) => `${key}=${value} ${shardId}`);

test("a batch assigns, moves and releases in one entry", () => {
  const replica = fleet();
  const batch = move(["zone", "a", "s2", 3], ["zone", "b", ""], ["zone", "c", "s2", 0]);
  expect(brief(replica.apply(batch))).toBe("changed v5");
  expect(owners(replica)).toEqual(["zone=a s2", "zone=c s2"]);
  expect(listAudit(replica.state).at(-1)?.what).toBe("move 3 domains to no shard, s2");
  expect(brief(replica.apply(move(["zone", "a", "s2"], ["zone", "b", ""]))), "as asked for").toBe(
    "unchanged v0",
  );
});

test.each([
  { row: ["zone", "b", "s2"], reason: "DOMAIN_ALREADY_ASSIGNED", why: "somebody's, and no version given" },
  { row: ["zone", "b", "s2", 9], reason: "VERSION_CONFLICT", why: "somebody was faster" },
  { row: ["zone", "b", "s9", 4], reason: "SHARD_UNKNOWN", why: "nobody registered it" },
  { row: ["", "b", "s1"], reason: "INVALID_DOMAIN", why: "no key" },
  { row: ["zone", "a", ""], reason: "DUPLICATE_ROW", why: "named before in this batch" },
] as const)("one bad row ($reason, $why) and none is moved", ({ row, reason }) => {
  const replica = fleet();
  const before = replica.state.hash();
  const { result } = replica.apply(move(["zone", "a", "s2", 3], [...row]));
  expect(result).toMatchObject({ value: { reason: "BATCH_REFUSED", rows: [{ row: 1, reason }] } });
  expect(replica.state.hash()).toBe(before);
});

test("a draining shard gets no domain, and may keep and lose those that it has", () => {
  const replica = fleet().applyAll([drain("s1")]);
  const refused = replica.apply(move(["zone", "c", "s1"]));
  expect(refused.result).toMatchObject({ value: { rows: [{ row: 0, reason: "SHARD_DRAINING" }] } });
  expect(brief(replica.apply(move(["zone", "a", "s1"], ["zone", "b", "s2", 4])))).toBe("changed v7");
});

test("a row that is as asked for already is done, whatever version its file has", () => {
  const replica = fleet();
  const batch = move(["zone", "a", "s2", 3], ["zone", "b", ""]);
  expect(brief(replica.apply(batch))).toBe("changed v5");
  expect(brief(replica.apply(batch))).toBe("unchanged v0");
  expect(owners(replica)).toEqual(["zone=a s2"]);
});

test.each([
  { version: 999_999, refused: true, why: "no row can have had it" },
  { version: 5, refused: true, why: "the batch's own index: a row gets it from this batch at the earliest" },
  { version: 4, refused: false, why: "whether it ever had that, nobody knows any more" },
  { version: 0, refused: false, why: "there is none, as the caller knew" },
])("to release what is not there at version $version: $why", ({ version, refused }) => {
  const replica = fleet();
  const before = replica.state.hash();
  const { result } = replica.apply(move(["never", "was", "", version], ["zone", "a", "s1"]));
  if (!refused) return expect(result).toMatchObject({ $case: "applied", value: { changed: false } });
  const message = `the version of domain never=was is 0, not ${version}`;
  expect(result).toMatchObject({
    value: { reason: "BATCH_REFUSED", rows: [{ row: 0, reason: "VERSION_CONFLICT", message }] },
  });
  return expect(replica.state.hash()).toBe(before);
});

test("a dry run and the batch itself agree about the highest version", () => {
  const replica = fleet();
  const batch = move(["never", "was", "", 5]);
  expect(dryRun(replica.state, command(batch)).result).toEqual(replica.apply(batch).result);
});

test("a batch beyond the limit is refused whole", () => {
  const rows = Array.from({ length: DOMAIN_MOVES_MAX + 1 }, (_, at) => ["zone", `z${at}`, "s1"] as const);
  expect(brief(fleet().apply(move(...rows.map((row): [string, string, string] => [...row]))))).toBe(
    `BATCH_TOO_LARGE limit=${DOMAIN_MOVES_MAX}`,
  );
});

test("a dry run says what would come of it and changes nothing", () => {
  const replica = fleet();
  const before = { hash: replica.state.hash(), index: replica.state.appliedIndex };
  expect(brief(dryRun(replica.state, command(move(["zone", "a", "s2", 3]))))).toBe("changed v5");
  expect({ hash: replica.state.hash(), index: replica.state.appliedIndex }).toEqual(before);
  replica.state.takeChanges();
  dryRun(replica.state, command(move(["zone", "a", "s2", 3])));
  expect(replica.state.takeChanges(), "nobody watches a dry run").toEqual([]);
});

// A batch is one entry, and so one turn: what it costs a row is what bounds how long the event loop stands still.
test("a full batch looks each domain up once, and writes each row that it changes once", () => {
  const replica = new Replica().applyAll([register("s1"), register("s2")]);
  const names = Array.from({ length: DOMAIN_MOVES_MAX }, (_, at) => `d${at}`);
  const batch = (shardId: string, version: number) =>
    move(...names.map((name): [string, string, string, number] => ["zone", name, shardId, version]));
  replica.apply(batch("s1", 0));
  const { domains, instructions } = replica.state.tables;
  const version = domains.get(domainKey("zone", "d0"))?.version ?? 0;
  const lookups = vi.spyOn(domains, "get");
  const writes = [vi.spyOn(domains, "put"), vi.spyOn(instructions, "put")];
  const outcome = replica.apply(batch("s2", version));
  expect(brief(outcome)).toBe(`changed v${replica.state.appliedIndex}`);
  expect(lookups).toHaveBeenCalledTimes(DOMAIN_MOVES_MAX);
  // The domain, the shard that loses it, the shard that gets it.
  expect(writes.map(({ mock }) => mock.calls.length)).toEqual([DOMAIN_MOVES_MAX, 2 * DOMAIN_MOVES_MAX]);
});
