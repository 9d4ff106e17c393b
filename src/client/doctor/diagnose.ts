// Runs all checks on the available evidence. Evidence that could not be collected is listed with the reason,
// and never counts as healthy.

import {
  type Check,
  type Evidence,
  type Finding,
  type Gathered,
  SEVERITIES,
  type Severity,
} from "./check.ts";
import { certificateChecks, revocationChecks } from "./checks/certificates.ts";
import { contextChecks } from "./checks/contexts.ts";
import { diskChecks } from "./checks/disks.ts";
import { encryptionChecks } from "./checks/encryption.ts";
import { instructionChecks } from "./checks/instructions.ts";
import { keyChecks } from "./checks/keys.ts";
import { localChecks } from "./checks/local.ts";
import { nodeChecks } from "./checks/nodes.ts";
import { planChecks } from "./checks/plans.ts";
import { quorumChecks } from "./checks/quorum.ts";
import { quotaChecks } from "./checks/quotas.ts";
import { replicationChecks } from "./checks/replication.ts";
import { shardChecks } from "./checks/shards.ts";
import { snapshotChecks } from "./checks/snapshots.ts";

interface Skipped {
  readonly check: string;
  readonly because: string;
}

export interface Diagnosis {
  /** The fleet's name; empty when no node answered. */
  readonly name: string;
  /** The worst first, then by check and subject. */
  readonly findings: readonly Finding[];
  readonly passed: readonly string[];
  readonly skipped: readonly Skipped[];
}

/** From the coordinators' answers. */
export const FLEET_CHECKS = [
  ...quorumChecks,
  ...replicationChecks,
  ...nodeChecks,
  ...diskChecks,
  ...certificateChecks,
  ...snapshotChecks,
  ...keyChecks,
  ...encryptionChecks,
];
/** From the replicated tables and shards' reports. */
export const TABLE_CHECKS = [
  ...shardChecks,
  ...instructionChecks,
  ...planChecks,
  ...quotaChecks,
  ...revocationChecks,
];

export function diagnose(name: string, evidence: Evidence): Diagnosis {
  const groups = [
    run(FLEET_CHECKS, evidence.fleet),
    run(TABLE_CHECKS, evidence.tables),
    run(localChecks, evidence.local),
    run(contextChecks, evidence.contexts),
  ];
  const findings = [...unasked(name, evidence.fleet), ...groups.flatMap((group) => group.findings)].sort(
    byGravity,
  );
  return {
    name,
    findings,
    passed: groups.flatMap((group) => group.passed),
    skipped: groups.flatMap((group) => group.skipped),
  };
}

/** The worst severity that was found; null when nothing was. */
export function worst({ findings }: Diagnosis): Severity | null {
  return findings[0]?.severity ?? null;
}

/** Every coordinator refused to answer. Without this finding, a wrong address would look like a sound fleet. */
function unasked(name: string, fleet: Evidence["fleet"]): readonly Finding[] {
  if (!("missing" in fleet)) return [];
  const finding: Finding = {
    check: "fleet.unreachable",
    severity: "critical",
    subject: name,
    evidence: fleet.missing,
    why: "no coordinator could be checked",
    next: "see where address and certificates come from: fleet context view --show-origin",
  };
  return [finding];
}

interface Outcome {
  readonly findings: readonly Finding[];
  readonly passed: readonly string[];
  readonly skipped: readonly Skipped[];
}

function run<Of>(checks: readonly Check<Of>[], gathered: Gathered<Of>): Outcome {
  if ("missing" in gathered) {
    const skipped = checks.map(({ id }) => ({ check: id, because: gathered.missing }));
    return { findings: [], passed: [], skipped };
  }
  const looked = checks.map((check) => ({ check, hits: check.look(gathered.found) }));
  const findings = looked.flatMap(({ check: { id, severity, why }, hits }) =>
    hits.map((hit) => ({ check: id, severity, why, ...hit })),
  );
  return {
    findings,
    passed: looked.flatMap(({ check, hits }) => (hits.length === 0 ? [check.id] : [])),
    skipped: [],
  };
}

function byGravity(a: Finding, b: Finding): number {
  const bySeverity = SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
  return bySeverity || compare(a.check, b.check) || compare(a.subject, b.subject);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
