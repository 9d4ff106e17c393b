// Collects a bundle, as far as the fleet answers. With a node, a quorum or all coordinators down it still has the rest.
// It says what is missing and why. It changes nothing.
import { OperatorError } from "../../core/base/errors.ts";
import type { FleetReads } from "../fleet-reads.ts";
import type { FleetStatus } from "../fleet-status.ts";
import type { ReadOptions } from "../leader-reads.ts";
import { LISTS, type ListMethod, type Section } from "./section.ts";

/** Shorter than an operator's patience: a fleet without a leader has no newer tables. */
const LIST_DEADLINE_MS = 5_000;
const AUDIT_ROWS_MAX = 10_000;
/** Plans whose steps are kept: the unfinished ones and the newest. */
const PLANS_MAX = 20;

/** The coordinators' answers. */
export async function collectReplies(fleet: FleetReads): Promise<Section[]> {
  const status = await attempted("the status", async () => [
    { section: "status" as const, value: await fleet.status() },
  ]);
  // Without a leader, any node's tables are better than none.
  const how: ReadOptions = leads(status)
    ? { deadlineMs: LIST_DEADLINE_MS }
    : { deadlineMs: LIST_DEADLINE_MS, consistency: { $case: "stale", value: {} } };
  const names = (Object.keys(LISTS) as ListMethod[]).filter((name) => name !== "listPlanSteps");
  const lists = await Promise.all(names.map((name) => collectList(fleet, name, how)));
  const stale =
    leads(status) || !lists.flat().some(({ section }) => section === "list")
      ? []
      : [missing("newest tables", "no leader answered: the lists come from one node and may be old")];
  const steps = await collectSteps(fleet, lists.flat(), how);
  return [...status, ...stale, ...lists.flat(), ...steps];
}

export const missing = (what: string, why: string): Section => ({ section: "missing", what, why });

/** What `read` finds; an expected failure is a section of its own. */
export async function attempted(what: string, read: () => Promise<Section[]>): Promise<Section[]> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OperatorError) return [missing(what, error.parts.what)];
    // Files that vanish or may not be read.
    if (error instanceof Error && "code" in error) return [missing(what, error.message)];
    throw error;
  }
}

function collectList(fleet: FleetReads, name: ListMethod, how: ReadOptions): Promise<Section[]> {
  const options = name === "listAudit" ? { ...how, newest: true, rowsMax: AUDIT_ROWS_MAX } : how;
  return attempted(`the list of ${LISTS[name]}`, async () => [
    { section: "list", name, value: await fleet[name](options) },
  ]);
}

async function collectSteps(
  fleet: FleetReads,
  lists: readonly Section[],
  how: ReadOptions,
): Promise<Section[]> {
  const found = lists.find((section) => section.section === "list" && section.name === "listPlans");
  if (found?.section !== "list") return [];
  const { plans } = found.value as Awaited<ReturnType<FleetReads["listPlans"]>>;
  return await attempted("the list of steps", async () => {
    const replies = await Promise.all(
      plans.slice(-PLANS_MAX).map(({ planId }) => fleet.listPlanSteps({ ...how, filter: { planId } })),
    );
    const steps = replies.flatMap((reply) => reply.steps);
    return [
      { section: "list", name: "listPlanSteps", value: { stamp: replies[0]?.stamp, steps, more: false } },
    ];
  });
}

function leads(status: readonly Section[]): boolean {
  return status.some(
    (section) => section.section === "status" && (section.value as FleetStatus).verdict !== "no-quorum",
  );
}
