// Runs the quorum suite: commit index and vote result of majority and joint configurations, each checked by
// other ways to compute it. A line is printed for a check only if it differs, which fails the script.

import { type LogIndex, logIndex, type NodeId } from "../../src/core/base/ids.ts";
import {
  EVERYTHING,
  jointCommitted,
  jointVote,
  majorityCommitted,
  majorityVote,
  quorumSize,
  type VoteResult,
} from "../../src/core/raft/quorum.ts";
import { toId, toNumber, valuesOf } from "./arguments.ts";
import type { Directive } from "./datadriven.ts";

type Indexes = ReadonlyMap<NodeId, LogIndex>;
type Voters = ReadonlySet<NodeId>;

interface Halves {
  readonly incoming: Voters;
  readonly outgoing: Voters;
  /** Whether the directive names a second half, be it empty. */
  readonly isJoint: boolean;
}

export function runQuorum(directive: Directive): string {
  const halves = parseHalves(directive);
  switch (directive.command) {
    case "committed":
      return runCommitted(directive, halves);
    case "vote":
      return runVote(directive, halves);
  }
  throw new Error(`unknown command: ${directive.command}`);
}

function parseHalves(directive: Directive): Halves {
  const second = valuesOf(directive, "cfgj");
  const isZero = second?.length === 1 && second[0] === "zero";
  return {
    incoming: new Set((valuesOf(directive, "cfg") ?? []).map(toId)),
    outgoing: new Set(isZero ? [] : (second ?? []).map(toId)),
    isJoint: second !== undefined,
  };
}

/** Pairs the values with the voters, in the order in which these were named. */
function assign<T>(
  directive: Directive,
  key: string,
  halves: Halves,
  parse: (value: string) => T | undefined,
) {
  const ids = [...new Set([...halves.incoming, ...halves.outgoing])];
  const values = valuesOf(directive, key) ?? [];
  if (ids.length !== values.length) return mismatch(ids, values);
  const assigned = new Map<NodeId, T>();
  for (const [position, id] of ids.entries()) {
    const value = parse(values[position] ?? "");
    if (value !== undefined) assigned.set(id, value);
  }
  return assigned;
}

function mismatch(ids: readonly NodeId[], values: readonly string[]): string {
  const voters = ids.toSorted((a, b) => a - b).map((id) => `${id}:{}`);
  const codes = values.map((value) => ({ y: "2", n: "1", _: "0" })[value] ?? value);
  return `error: mismatched input (explicit or _) for voters map[${voters.join(" ")}]: [${codes.join(" ")}]`;
}

function runCommitted(directive: Directive, halves: Halves): string {
  const indexes = assign(directive, "idx", halves, parseIndex);
  if (typeof indexes === "string") return indexes;
  const acknowledged = (id: NodeId) => indexes.get(id);
  const table = describeTable(new Set([...halves.incoming, ...halves.outgoing]), indexes);
  if (halves.isJoint) {
    const result = jointCommitted(halves, acknowledged);
    const swapped = jointCommitted({ incoming: halves.outgoing, outgoing: halves.incoming }, acknowledged);
    return `${table}${differing(swapped, result, "via symmetry\n")}${show(result)}\n`;
  }
  const result = majorityCommitted(halves.incoming, acknowledged);
  return `${table}${crossChecks(halves.incoming, indexes, result)}${show(result)}\n`;
}

function parseIndex(value: string): LogIndex | undefined {
  if (value === "_") return undefined;
  if (toNumber(value) === 0) throw new Error("write _ for an unknown index, not 0");
  return logIndex(toNumber(value));
}

function crossChecks(voters: Voters, indexes: Indexes, result: LogIndex): string {
  const acknowledged = (id: NodeId) => indexes.get(id);
  const zeroJoint = jointCommitted({ incoming: voters, outgoing: new Set() }, acknowledged);
  const selfJoint = jointCommitted({ incoming: voters, outgoing: voters }, acknowledged);
  let text = differing(countedCommitted(voters, indexes), result, "via alternative computation\n");
  text += differing(zeroJoint, result, "via zero-joint quorum\n");
  text += differing(selfJoint, result, "via self-joint quorum\n");
  for (const voter of voters) text += overlays(voters, indexes, voter, result);
  return text;
}

/** Lowering an index that is below the result must not change it. */
function overlays(voters: Voters, indexes: Indexes, voter: NodeId, result: LogIndex): string {
  const known = indexes.get(voter) ?? 0;
  if (known === 0 || known >= result) return "";
  const withIndex = (index: number) =>
    majorityCommitted(voters, (id) => (id === voter ? logIndex(index) : indexes.get(id)));
  const lowered = differing(withIndex(known - 1), result, `overlaying ${voter}->${known}`);
  return lowered + differing(withIndex(0), result, `overlaying ${voter}->0`);
}

/** The largest index that at least a quorum has reached, by counting. */
function countedCommitted(voters: Voters, indexes: Indexes): LogIndex {
  if (voters.size === 0) return EVERYTHING;
  const reached = (index: LogIndex) => [...voters].filter((id) => (indexes.get(id) ?? 0) >= index).length;
  const candidates = [...indexes.values()].filter((index) => reached(index) >= quorumSize(voters.size));
  return logIndex(Math.max(0, ...candidates));
}

function differing(value: LogIndex, result: LogIndex, how: string): string {
  return value === result ? "" : `${show(value)} <-- ${how}`;
}

function show(index: LogIndex): string {
  return index === EVERYTHING ? "∞" : `${index}`;
}

function describeTable(voters: Voters, indexes: Indexes): string {
  const count = voters.size;
  if (count === 0) return "<empty majority quorum>";
  const bars = barsOf(voters, indexes);
  const rows = [...voters]
    .toSorted((a, b) => a - b)
    .map((id) => {
      const bar = bars.get(id) ?? 0;
      const left = indexes.has(id)
        ? `${"x".repeat(bar)}>${" ".repeat(count - bar)}`
        : `?${" ".repeat(count)}`;
      return `${left} ${String(indexes.get(id) ?? 0).padStart(5)}    (id=${id.toString(16)})\n`;
    });
  return `${" ".repeat(count)}    idx\n${rows.join("")}`;
}

function barsOf(voters: Voters, indexes: Indexes): ReadonlyMap<NodeId, number> {
  const indexOf = (id: NodeId) => indexes.get(id) ?? 0;
  const order = [...voters].toSorted((a, b) => indexOf(a) - indexOf(b) || a - b);
  const bars = new Map<NodeId, number>();
  let previous: { readonly index: number; readonly bar: number } = {
    index: Number.POSITIVE_INFINITY,
    bar: 0,
  };
  for (const [position, id] of order.entries()) {
    previous = { index: indexOf(id), bar: indexOf(id) > previous.index ? position : previous.bar };
    bars.set(id, previous.bar);
  }
  return bars;
}

function runVote(directive: Directive, halves: Halves): string {
  const votes = assign(directive, "votes", halves, parseVote);
  if (typeof votes === "string") return votes;
  const vote = (id: NodeId) => votes.get(id);
  if (!halves.isJoint) return `${showVote(majorityVote(halves.incoming, vote))}\n`;
  const result = jointVote(halves, vote);
  const swapped = jointVote({ incoming: halves.outgoing, outgoing: halves.incoming }, vote);
  const symmetry = swapped === result ? "" : `${showVote(swapped)} <-- via symmetry\n`;
  return `${symmetry}${showVote(result)}\n`;
}

function parseVote(value: string): boolean | undefined {
  if (!["y", "n", "_"].includes(value)) throw new Error(`unknown vote: ${value}`);
  return value === "_" ? undefined : value === "y";
}

function showVote(result: VoteResult): string {
  return { won: "VoteWon", pending: "VotePending", lost: "VoteLost" }[result];
}
