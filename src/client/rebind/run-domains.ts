// The domains of a plan: all are read before one is moved, so that an outdated plan moves nothing. Each batch
// is a compare-and-set on the versions that were read; an interrupted plan is applied again.

import { type DomainStep, domainStep } from "../../core/rebind/domain-step.ts";
import type { DomainMove } from "../../core/rebind/plan.ts";
import { domainId } from "../domains/domain-id.ts";
import { type MoveOptions, moveDomains } from "../domains/move-domains.ts";
import type { FileMove } from "../domains/parse-moves.ts";
import type { FleetClient } from "../fleet-client.ts";

export interface DomainReport extends DomainMove {
  readonly result: "done" | "blocked" | "not-started";
  /** Starts with its reason's code when it is blocked. */
  readonly why: string;
}

type DomainsClient = Pick<FleetClient, "listDomains" | "submit" | "tryOut">;

/** A report of every domain, in the plan's order. Throws a batch's error, unless rows were refused. */
export async function runDomains(
  client: DomainsClient,
  moves: readonly DomainMove[],
  options: MoveOptions,
): Promise<readonly DomainReport[]> {
  if (moves.length === 0) return [];
  const { deadlineMs } = options;
  const { domains } = await client.listDomains({ deadlineMs });
  const rows = new Map(domains.map((row) => [domainId(row), row]));
  const steps = moves.map((move) => domainStep(move, rows.get(domainId(move))));
  if (steps.some(({ step }) => step === "blocked")) return moves.map((move, at) => reportOf(move, steps[at]));
  const due = moves.flatMap((move, at) => dueMove(move, steps[at], at));
  if (due.length === 0) return moves.map((move, at) => reportOf(move, steps[at]));
  const { refused } = await moveDomains(client, due, options);
  if (!options.dryRun && refused.length === 0)
    return moves.map((move) => ({ ...move, result: "done", why: "" }));
  // Another client changed a row between the read and the write.
  const whys = new Map(refused.map(({ row, reason, why }) => [row, `${reason}: ${why}`]));
  return moves.map((move, at) => {
    const why = whys.get(at);
    return why === undefined ? reportOf(move, steps[at]) : { ...move, result: "blocked", why };
  });
}

function dueMove(move: DomainMove, step: DomainStep | undefined, at: number): FileMove[] {
  if (step?.step !== "move") return [];
  return [{ key: move.key, value: move.value, shardId: move.to, expectedVersion: step.version, at }];
}

function reportOf(move: DomainMove, step: DomainStep | undefined): DomainReport {
  if (step?.step === "done") return { ...move, result: "done", why: "" };
  if (step?.step === "blocked") return { ...move, result: "blocked", why: `${step.reason}: ${step.why}` };
  return { ...move, result: "not-started", why: "" };
}
