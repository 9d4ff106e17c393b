// The members' table and the configuration (ADR-0004): a removed member is out of the configuration before its row
// says so, and never in it again. An elected leader has the votes of voters of its own configuration, and removed members
// and learners are none of them.

import type { NodeId, Term } from "../../base/ids.ts";
import type { FleetView } from "../../fleet/state.ts";
import type { ConfState, Message } from "../../raft/message.ts";
import { MemberKind } from "../../wire/gen/fleet/v1/command.ts";
import { check } from "../violation.ts";

const PROPERTY = "membership";

export class Members {
  /** By term, then by candidate: who granted it its vote. */
  readonly #votes = new Map<Term, Map<NodeId, Set<NodeId>>>();
  /** By node: through which index its table was looked at. */
  readonly #lookedThrough = new Map<NodeId, number>();

  /** Another process has other tables, and begins anew. */
  started(node: NodeId): void {
    this.#lookedThrough.delete(node);
  }

  says({ type, term, from, to, reject }: Message): void {
    if (type !== "MsgVoteResp" || reject) return;
    const candidates = this.#votes.get(term) ?? new Map<NodeId, Set<NodeId>>();
    this.#votes.set(term, candidates);
    candidates.set(to, (candidates.get(to) ?? new Set()).add(from));
  }

  elected(node: NodeId, term: Term, config: ConfState): void {
    const granted = this.#votes.get(term)?.get(node);
    const votes = (half: readonly NodeId[]) => half.filter((id) => id === node || granted?.has(id));
    for (const half of [config.voters, config.votersOutgoing]) {
      const isMajority = half.length === 0 || votes(half).length > half.length / 2;
      check(isMajority, PROPERTY, () => {
        return `node ${node} leads term ${term} with the votes of ${votes(half)}, its voters are ${half}`;
      });
    }
  }

  observes(node: NodeId, applied: number, view: FleetView, config: ConfState): void {
    if (this.#lookedThrough.get(node) === applied) return;
    this.#lookedThrough.set(node, applied);
    for (const row of view.tables.members.rows()) {
      if (row.wanted !== MemberKind.REMOVED) continue;
      check(roleIn(config, row.nodeId) === null, PROPERTY, () => {
        return `node ${node} has ${row.name} in its configuration at index ${applied}, though it is removed`;
      });
    }
  }
}

/** Why table and configuration do not say the same yet; null if they do. */
export function disagreement(view: FleetView, config: ConfState): string | null {
  const rows = [...view.tables.members.rows()];
  const known = new Set(rows.map((row) => row.nodeId));
  const stranger = [...config.voters, ...config.learners].find((id) => !known.has(id));
  if (stranger !== undefined) return `node ${stranger} is configured without a row`;
  for (const { nodeId, name, wanted } of rows) {
    const role = roleIn(config, nodeId);
    if (role !== wantedRole(wanted))
      return `${name} is wanted as ${wantedRole(wanted) ?? "nothing"} and is ${role ?? "nothing"}`;
  }
  return null;
}

function wantedRole(wanted: MemberKind): "voter" | "learner" | null {
  if (wanted === MemberKind.VOTER) return "voter";
  return wanted === MemberKind.LEARNER ? "learner" : null;
}

function roleIn(config: ConfState, id: number): "voter" | "learner" | null {
  const isIn = (ids: readonly number[]) => ids.includes(id);
  if (isIn(config.voters) || isIn(config.votersOutgoing)) return "voter";
  return isIn(config.learners) || isIn(config.learnersNext) ? "learner" : null;
}
