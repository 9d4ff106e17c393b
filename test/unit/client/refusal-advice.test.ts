// The next step after a refusal is a command, or says what to change. No refusal of an operator's command has only the words
// for refusals in general.

import { readFileSync } from "node:fs";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { toOperatorError } from "../../../src/client/operator-errors.ts";
import { LeaderUnavailable } from "../../../src/core/wire/leader/leader-search.ts";
import { readRpcError, rpcError } from "../../../src/core/wire/rpc-error.ts";

const nextOf = (reason: string, metadata: Record<string, string> = {}, code = status.FAILED_PRECONDITION) =>
  toOperatorError(rpcError(code, reason, "refused", metadata)).parts.next;

test.each([
  { reason: "TOO_MANY_MEMBERS", facts: {}, next: "fleet member rebuild NAME" },
  { reason: "INVALID_LABELS", facts: {}, next: "fleet cluster label NAME KEY-" },
  { reason: "PLAN_AT_LIMIT", facts: { plan: "p1" }, next: "fleet rebind status p1" },
  { reason: "PLAN_UNFINISHED", facts: { plan: "p1" }, next: "fleet rebind resume p1" },
  { reason: "PLAN_STEPS_OUT_OF_ORDER", facts: { plan: "p1" }, next: "fleet rebind status p1" },
  { reason: "STEP_UNKNOWN", facts: { plan: "p1" }, next: "fleet rebind status p1 --steps" },
  { reason: "STEP_STATE_INVALID", facts: { cluster: "c1" }, next: "fleet cluster show c1" },
  { reason: "NO_KEY_SPACE", facts: {}, next: "fleet kv get KEY" },
  { reason: "INVALID_RETENTION", facts: { field: "window" }, next: "--window" },
  { reason: "INVALID_RETENTION", facts: { field: "revisions" }, next: "--revisions" },
  { reason: "INVALID_MEMBER", facts: {}, next: "fleet member list" },
  { reason: "SAME_MEMBER", facts: {}, next: "fleet member rebuild NAME" },
  { reason: "LOG_LEVEL_UNKNOWN", facts: { node: "n1" }, next: "fleet status -o wide" },
  { reason: "KEY_ROTATION_FAILED", facts: {}, next: "fleet key status" },
  { reason: "SELECTOR_INVALID", facts: {}, next: "-l team=a" },
  { reason: "VERB_UNKNOWN", facts: {}, next: "fleet role create --help" },
  { reason: "TOO_MANY", facts: { what: "unfinished plans" }, next: "fleet rebind abort PLAN" },
  { reason: "TOO_MANY", facts: { what: "revocations" }, next: "fleet cert unrevoke" },
  {
    reason: "TOO_MANY",
    facts: { what: "roles of one operator" },
    next: "fleet role revoke ROLE --from OPERATOR",
  },
  { reason: "TOO_MANY", facts: { what: "something new" }, next: "remove what is no longer needed" },
  { reason: "TOO_MANY_SAVES", facts: {}, next: "fleet snapshot save" },
  { reason: "OPERATION_UNKNOWN", facts: {}, next: "fleet version" },
])("$reason $facts: $next", ({ reason, facts, next }) => {
  expect(nextOf(reason, { ...facts } as Record<string, string>)).toContain(next);
});

test.each([
  { reason: "GROUPS_LEAVING", next: "keep its process running; see when it has left: fleet member list -w" },
  { reason: "REVOCATION_UNDER_WAY", next: "wait for its end, then try again; see: fleet cert revoked" },
  {
    reason: "MEMBERSHIP_CHANGE_UNDER_WAY",
    next: "wait for its end, then try again; see: fleet member list -w",
  },
  { reason: "NO_LEADER", next: "see which nodes are up: fleet status" },
])(
  "what every try until the deadline was refused with decides the next step: $reason",
  ({ reason, next }) => {
    const failure = readRpcError(rpcError(status.UNAVAILABLE, reason, "refused"));
    const error = new LeaderUnavailable(["h:1"], { address: "h:1", failure }, false);
    expect(toOperatorError(error).parts).toMatchObject({ next });
  },
);

/** Of the leader's own operations, of shards' registrations and of sessions, which no operator's command shows. */
const NEVER_AN_OPERATORS = [
  ...[
    "COMMAND_UNDECODABLE",
    "EPOCH_STALE",
    "GROUP_EXISTS",
    "INDEX_UNKNOWN",
    "INVALID_ADOPTION",
    "INVALID_GROUP",
  ],
  ...["INVALID_MEMBERS", "INVALID_SEQUENCE", "MEMBER_TOO_OLD", "PROBE_CHANGED", "SEQUENCE_FORGOTTEN"],
  ...["SESSION_IN_SESSION", "SESSION_OF_ANOTHER", "SESSION_WINDOW_FULL", "SHARD_ADDRESS_CONFLICT"],
  ...["TOO_MANY_ACKS", "TOO_MANY_GROUPS"],
];

test("every other refusal of the state machine has a next step of its own", () => {
  const source = readFileSync("src/core/fleet/render-refusal.ts", "utf8");
  const reasons = [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, reason = ""]) => reason);
  expect(reasons.length).toBeGreaterThan(70);
  const general = nextOf("SOMETHING_NEW");
  const without = reasons.filter((reason) => nextOf(reason) === general);
  expect(without.toSorted()).toEqual(NEVER_AN_OPERATORS.toSorted());
});
