// The simulator's second reading of roles and revocations, on small logs that break a rule, and on one that does not.

import { expect, test } from "vitest";
import { logIndex } from "../../../src/core/base/ids.ts";
import { OUTSIDE_SESSIONS } from "../../../src/core/base/outside-sessions.ts";
import { encodeCommand } from "../../../src/core/fleet/command-codec.ts";
import { KNOWN_VERSION } from "../../../src/core/fleet/format.ts";
import { FleetState } from "../../../src/core/fleet/state.ts";
import { AccessModel } from "../../../src/core/sim/checks/access-model.ts";
import { type Operation, Outcome } from "../../../src/core/wire/gen/fleet/v1/command.ts";

type Kind = NonNullable<Operation["kind"]>;

const APPLIED = Outcome.fromPartial({ result: { $case: "applied", value: { changed: true } } }).result;
const REFUSED = Outcome.fromPartial({
  result: { $case: "rejected", value: { reason: "GRANT_MISSING" } },
}).result;

/** Each entry as a replica with this state applied it. */
function log(
  ...entries: readonly { kind: Kind; actor?: string; result?: Outcome["result"]; state?: FleetState }[]
) {
  const model = new AccessModel();
  for (const [at, { kind, actor = "fleet://admin", result, state = new FleetState() }] of entries.entries()) {
    const command = { ...OUTSIDE_SESSIONS, actor, reason: "", atMs: 9_000 };
    const data = encodeCommand({ ...command, operation: { kind } }, KNOWN_VERSION);
    const outcome = Outcome.fromPartial({ index: at + 1, result: result ?? APPLIED });
    model.applies(logIndex(at + 1), data, outcome, state);
  }
  return model;
}

const rules = [{ verbs: ["set"], tables: ["provider"], names: ["east-*"] }];
const role: Kind = { $case: "setRole", value: { name: "east", rules } };
const grant: Kind = { $case: "grantRole", value: { operator: "alice", role: "east" } };
const take: Kind = { $case: "revokeRole", value: { operator: "alice", role: "east" } };
const write = (name: string, result: Outcome["result"] = APPLIED) => {
  const value = { name, address: "a:1", region: "", declaredQuota: 1, keepRegion: false };
  const kind: Kind = { $case: "upsertProvider", value };
  return { kind, actor: "fleet://operator/alice", result };
};

test("what a granted role allows is applied, and nothing else is", () => {
  const model = log(
    { kind: role },
    write("east-1", REFUSED),
    { kind: grant },
    write("east-1"),
    write("west-1", REFUSED),
  );
  expect(model.judged).toBe(3);
});

test.each([
  { entries: [write("east-1")], why: "an operator without a role" },
  { entries: [{ kind: role }, { kind: grant }, write("west-1")], why: "a name that its role does not allow" },
  {
    entries: [{ kind: role }, { kind: grant }, { kind: take }, write("east-1")],
    why: "a role that was taken back",
  },
  {
    entries: [{ kind: role }, { kind: grant }, write("east-1", REFUSED)],
    why: "refused, though it is allowed",
  },
])("it is found: $why", ({ entries }) => {
  expect(() => log(...entries)).toThrow("provider");
});

test("a revocation that became weaker, and a list whose number did not rise, are found", () => {
  const revoke = (issuedBeforeMs: number): Kind => {
    return {
      $case: "revokeCertificate",
      value: { subject: "fleet://shard/s1", issuedBeforeMs, holder: "", endsAtMs: 0 },
    };
  };
  const stateOf = (issuedBeforeMs: number, version: number) => {
    const state = new FleetState();
    const row = { subject: "fleet://shard/s1", issuedBeforeMs, holder: "", endsAtMs: 0 };
    state.tables.revocations.put({ ...row, sinceMs: 0, by: "", reason: "", version });
    state.tables.revocationLists.put({ version });
    return state;
  };
  const first = { kind: revoke(5_000), state: stateOf(5_000, 1) };
  log(first, { kind: revoke(3_000), state: stateOf(5_000, 1) });
  expect(() => log(first, { kind: revoke(3_000), state: stateOf(3_000, 2) })).toThrow(
    "should be before 5000",
  );
  expect(() => log(first, { kind: revoke(7_000), state: stateOf(7_000, 1) })).toThrow(
    "its last change came at 2",
  );
});
