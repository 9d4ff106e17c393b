// Deliberate bugs in the replicated state machine.

import type { Mutation } from "./mutation.ts";

export const FLEET_MUTATIONS: readonly Mutation[] = [
  {
    name: "session-writes-repeated",
    rule: "a repeated write of a session gets its first outcome and changes nothing (Raft dissertation §6.3)",
    edits: [
      {
        file: "src/core/fleet/apply/apply-session.ts",
        search: 'if (seen !== undefined) return { kind: "repeated", outcome: seen };',
        replace: "",
      },
    ],
  },
  {
    name: "snapshot-without-sessions",
    rule: "sessions are part of the snapshot (Raft dissertation §6.3)",
    edits: [
      {
        file: "src/core/fleet/snapshot/snapshot.ts",
        search: "yield encodePart({ sessions: rows });",
        replace: "",
      },
    ],
  },
  {
    name: "migration-without-comparison",
    rule: "a migration begins only from the state that its operator saw",
    edits: [
      {
        file: "src/core/fleet/apply/apply-binding.ts",
        search: "if (!supersededIsAnother) return migrationUnderWay(row);",
        replace: "if (!supersededIsAnother && row.version < 3) return migrationUnderWay(row);",
      },
    ],
  },
  {
    name: "unbind-without-comparison",
    rule: "a cluster is unbound only in the version that was seen: compare-and-set, whatever the log's order",
    edits: [
      {
        file: "src/core/fleet/apply/apply-unbind.ts",
        search: "if (conflict !== null) return conflict;",
        replace: "",
      },
    ],
  },
  {
    name: "command-of-a-newer-format-too-early",
    rule: "a command has the format of the cluster version, not of its proposer's build (ADR-0015)",
    edits: [
      {
        file: "src/core/fleet/command-codec.ts",
        search: "const version = Math.max(clusterVersion, required);",
        replace: "const version = Math.max(clusterVersion, required, KNOWN_VERSION);",
      },
    ],
  },
  {
    name: "operators-not-judged-when-applied",
    rule: "the roles at its place of the log decide whether an operator's entry is applied (ADR-0028)",
    edits: [
      {
        file: "src/core/fleet/apply.ts",
        search: "return state.clusterVersion < ROLES_VERSION ? null : denial(state, actor, kind);",
        replace: "return state.clusterVersion <= ROLES_VERSION ? null : denial(state, actor, kind);",
      },
    ],
  },
  {
    name: "role-taken-back-stays",
    rule: "what a role allowed ends with its grant (ADR-0028)",
    edits: [
      {
        file: "src/core/fleet/apply/apply-role.ts",
        search: "state.tables.grants.remove(grantKey(operator, role));",
        replace: "",
      },
    ],
  },
  {
    name: "revocation-weakened",
    rule: "a repeated revocation never becomes weaker (ADR-0026)",
    edits: [
      {
        file: "src/core/fleet/apply/apply-revocation.ts",
        search:
          "if (before !== undefined && before.issuedBeforeMs >= wantedMs) return unchanged(before.version);",
        replace: "if (before?.issuedBeforeMs === wantedMs) return unchanged(before.version);",
      },
    ],
  },
  {
    name: "revocation-taken-back-unnoticed",
    rule: "each change of the deny-list has a number above all before, or shards keep the older one (ADR-0026)",
    edits: [
      {
        file: "src/core/fleet/apply/apply-revocation.ts",
        search: "revocations.remove(subject);\n  return listChanged(state, context.index);",
        replace: "revocations.remove(subject);\n  return changed(context.index);",
      },
    ],
  },
  {
    name: "replaced-runner-advances",
    rule: "after a takeover the plan's former runner is refused, by its fence (ADR-0040)",
    edits: [
      {
        file: "src/core/fleet/apply/apply-plan-runner.ts",
        search: "return plan.fence === fence ? null : fenced(plan);",
        replace: "return plan.fence >= fence ? null : fenced(plan);",
      },
    ],
  },
  {
    name: "paused-plan-claims-nothing",
    rule: "a cluster is in one unfinished plan at most, also while that is paused (ADR-0040)",
    edits: [
      {
        file: "src/core/fleet/plans/claims.ts",
        search: "if (!isUnfinished(plan)) continue;",
        replace: "if (!isUnfinished(plan) || plan.state === PlanState.PAUSED) continue;",
      },
    ],
  },
];
