// A shard's report to the leader: remembers what was observed, registers the shard, declares clusters at first contact
// (first wins), and answers with what the shard should release or take back. What must stay true: nothing of a report
// that a newer one has overtaken is followed, and its shard is not told that it arrived.

import { status } from "@grpc/grpc-js";
import { shownName } from "../../base/ids.ts";
import { instructionsOf } from "../../fleet/apply/apply-instruction.ts";
import { checkShardRegisters, checkShardTakes } from "../../fleet/apply/apply-shard.ts";
import { isEnabled } from "../../fleet/feature-gates.ts";
import { INSTRUCTION_ACKS_MAX } from "../../fleet/limits.ts";
import { instructionKey } from "../../fleet/tables/schema.ts";
import {
  type Instruction,
  InstructionOutcome,
  type Operation,
  type ShardRecord,
  ShardState,
} from "../../wire/gen/fleet/v1/command.ts";
import type { ReportShardRequest, ReportShardResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import { formatIdentity } from "../../wire/tls/identity.ts";
import type { ServiceContext } from "../calls/context.ts";
import type { Caller } from "../calls/handler.ts";
import { obeyedInstead, ofThisIncarnation, ownIncarnation } from "../calls/other-incarnation.ts";
import { ownReason } from "../calls/reason.ts";
import { assertTrusted, notLeader, rejectionError } from "../calls/refusals.ts";
import { ownMaking } from "../reports/first-contacts.ts";
import { instructionsFor, isFirstContact, unreportedAcceptances } from "../reports/instructions.ts";
import { observableReport } from "../reports/observable-report.ts";
import { revocationsVersion } from "../revocation/deny-by-table.ts";
import { reconcileDomains } from "./reconcile-domains.ts";
import { isNobodysBut, sightOf } from "./sight.ts";
import { OUTSIDE_SESSIONS, propose } from "./writes/submit.ts";

// An answer stays well below the message limit; what is left comes with the answers to the next reports.
const INSTRUCTIONS_PER_ANSWER = 4_096;

export async function reportShard(
  context: ServiceContext,
  report: ReportShardRequest,
  caller: Caller,
): Promise<ReportShardResponse> {
  const { identity } = caller;
  if (identity.kind !== "admin" && !(identity.kind === "shard" && identity.id === report.shardId)) {
    const message = `this certificate may not report as shard ${shownName(report.shardId)}`;
    throw rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", message);
  }
  if (context.driver.role !== "leader") throw notLeader(context);
  assertTrusted(context);
  keepRowPace(context, report, caller);
  const request = ofThisIncarnation(context, observable(context, report));
  refuseOutdated(context, request);
  observe(context, request);
  await register(context, request, caller);
  await settleAdoption(context, request, caller);
  await settleInstructions(context, request, caller);
  const askDomains = await reconcileDomains(context, request);
  const firstContactsRefused = await declareFirstContacts(context, request, caller);
  assertTrusted(context);
  refuseOutdated(context, request);
  const { counts, view } = context.machine;
  const { bindings, shards } = view.tables;
  const { shardId } = request;
  const { state, givingUp } = shards.get(shardId) ?? {};
  const draining = state === ShardState.DRAINING;
  const instructions = instructionsFor(request.shardId, request.bindings, {
    binding: (clusterId) => bindings.get(clusterId),
    shardAddress: (shardId) => shards.get(shardId)?.address ?? "",
    appliedIndex: view.appliedIndex,
    isNobodysBut: (but, clusterId) => isNobodysBut(context, but, clusterId),
  });
  if (draining) {
    const declared = {
      count: counts.clusters.get(shardId) ?? 0,
      binding: (clusterId: string) => bindings.get(clusterId),
      own: () => bindings.rowsOf(shardId),
    };
    instructions.push(...unreportedAcceptances(shardId, request.bindings, declared));
  }
  const domainInstructions = pendingInstructions(context, request.shardId);
  const { term } = context.driver;
  const sender = { coordinatorTerm: term, incarnation: ownIncarnation(context), giveUp: givingUp };
  const told = { instructions, domainInstructions, draining, askDomains };
  const denyListVersion = revocationsVersion(view);
  return { ...sender, ...told, firstContactsRefused: firstContactsRefused || undefined, denyListVersion };
}

/** Throws REPORTS_TOO_OFTEN. */
function keepRowPace(
  { rowPace, refusedWrites, clock }: ServiceContext,
  { shardId, bindings, shortfalls, acks, doubleDials, heldDomains }: ReportShardRequest,
  { identity }: Caller,
): void {
  const lists = [bindings, shortfalls, acks, doubleDials, heldDomains?.domains ?? []];
  const rows = lists.reduce((sum, { length }) => sum + length, 1);
  const waitMs = rowPace.waitMs(shardId, clock.monotonicMs(), rows);
  if (waitMs === 0) return;
  refusedWrites.note("report_pace", formatIdentity(identity));
  const message = `shard ${shownName(shardId)} reports ${rows} rows again so soon`;
  throw rpcError(status.RESOURCE_EXHAUSTED, "REPORTS_TOO_OFTEN", message, {}, waitMs);
}

/** Throws REPORT_INVALID. Rows that no sound shard reports are counted, and left out of all that follows. */
function observable({ refusedRows }: ServiceContext, report: ReportShardRequest): ReportShardRequest {
  const seen = observableReport(report);
  if (seen === null) {
    throw rpcError(
      status.INVALID_ARGUMENT,
      "REPORT_INVALID",
      "the report's incarnation has an id that none has",
    );
  }
  refusedRows.note(report.shardId, seen.refused);
  return seen.report;
}

function refuseOutdated({ observed }: ServiceContext, { shardId, epoch, cycle }: ReportShardRequest): void {
  const newest = observed.report(shardId);
  if (newest === undefined || !observed.isOutdated({ shardId, epoch, cycle })) return;
  const message = `report ${cycle} of epoch ${epoch} came after report ${newest.cycle} of epoch ${newest.epoch}`;
  throw rpcError(status.FAILED_PRECONDITION, "REPORT_OUTDATED", message, {
    epoch: String(newest.epoch),
    cycle: String(newest.cycle),
  });
}

// What a removed shard still serves is served by nobody's leave: that must be seen, though the shard is refused.
function observe({ machine, observed, clock }: ServiceContext, request: ReportShardRequest): void {
  const known = machine.view.tables.shards.get(request.shardId);
  const refused = checkShardRegisters(machine.view, request);
  const isRemoved = known?.state === ShardState.REMOVED && request.epoch >= known.epoch;
  if (refused === null || isRemoved) observed.take(request, clock.monotonicMs());
  if (refused?.$case === "rejected") throw rejectionError(refused.value);
}

async function register(context: ServiceContext, request: ReportShardRequest, caller: Caller): Promise<void> {
  const { shardId, address, epoch, region, zone } = request;
  const known = context.machine.view.tables.shards.get(shardId);
  if (known !== undefined && isSamePlace(known, request)) return;
  keepPace(context, shardId, caller);
  const value = { shardId, address, epoch, region, zone };
  const operation: Operation = { kind: { $case: "registerShard", value } };
  const { result } = await write(context, request, caller, operation, "shard's report");
  if (result.result?.$case === "rejected") throw rejectionError(result.result.value);
}

/** Throws REGISTERS_TOO_OFTEN. */
function keepPace(
  { registrationPace, refusedWrites, clock }: ServiceContext,
  shardId: string,
  { identity }: Caller,
): void {
  const waitMs = registrationPace.waitMs(shardId, clock.monotonicMs());
  if (waitMs === 0) return;
  refusedWrites.note("registration_pace", formatIdentity(identity));
  const message = `shard ${shardId} registers more often than once a second`;
  throw rpcError(status.RESOURCE_EXHAUSTED, "REGISTERS_TOO_OFTEN", message, {}, waitMs);
}

// It obeys: who leads next need not tell it any more.
async function settleAdoption(
  context: ServiceContext,
  request: ReportShardRequest,
  caller: Caller,
): Promise<void> {
  const { shardId, incarnation } = request;
  const row = context.machine.view.tables.shards.get(shardId);
  if (row?.givingUp === undefined || incarnation === undefined) return;
  if (obeyedInstead(request, sightOf(context)) !== undefined) return;
  const operation: Operation = { kind: { $case: "settleAdoption", value: { shardId } } };
  await write(context, request, caller, operation, "shard's report");
}

// A shard repeats its answers until a report was taken; only what is still open is worth an entry in the log.
async function settleInstructions(
  context: ServiceContext,
  request: ReportShardRequest,
  caller: Caller,
): Promise<void> {
  const { shardId, acks } = request;
  const { instructions } = context.machine.view.tables;
  const open = acks.filter((ack) => {
    // The shard goes by a newer one: the row stays as it is, and an entry would only say so.
    if (ack.outcome === InstructionOutcome.REJECTED_STALE) return false;
    const row = instructions.get(instructionKey(shardId, ack.key, ack.value));
    return row?.sequence === ack.sequence && row.outcome === InstructionOutcome.UNSPECIFIED;
  });
  for (let at = 0; at < open.length; at += INSTRUCTION_ACKS_MAX) {
    const value = { shardId, acks: open.slice(at, at + INSTRUCTION_ACKS_MAX) };
    const operation: Operation = { kind: { $case: "settleInstructions", value } };
    await write(context, request, caller, operation, "shard's answers");
  }
}

function pendingInstructions({ machine }: ServiceContext, shardId: string): Instruction[] {
  const pending: Instruction[] = [];
  for (const row of instructionsOf(machine.view, shardId)) {
    if (row.outcome === InstructionOutcome.UNSPECIFIED) pending.push(row);
    if (pending.length === INSTRUCTIONS_PER_ANSWER) break;
  }
  return pending;
}

// A lost race for a cluster is no failure of the report: the loser's session is shown as drift. So are the clusters of a
// shard that takes nothing new; to propose what is known to be refused would fill the log with every report.
async function declareFirstContacts(
  context: ServiceContext,
  request: ReportShardRequest,
  caller: Caller,
): Promise<number> {
  const { clock, firstContacts, firstContactsMax, machine, refusedWrites } = context;
  const { shardId } = request;
  if (!isEnabled(machine.view, "first-contact") || checkShardTakes(machine.view, shardId) !== null) return 0;
  const isUnknown = (clusterId: string) => machine.view.tables.bindings.get(clusterId) === undefined;
  const contacted = request.bindings.filter((row) => isFirstContact(row) && isUnknown(row.clusterId));
  const actor = formatIdentity(caller.identity);
  const isOperator = caller.identity.kind === "admin";
  const { refused } = await firstContacts.declare(
    contacted.map(({ clusterId }) => clusterId),
    {
      shardId,
      room: () =>
        isOperator
          ? Number.POSITIVE_INFINITY
          : firstContactsMax - ownMaking(machine.view.tables.bindings.rowsOf(shardId), actor),
      declare: (clusterId) => {
        const operation: Operation = { kind: { $case: "bindCluster", value: { clusterId, shardId } } };
        return write(context, request, caller, operation, "first contact");
      },
      isLate: () => clock.monotonicMs() >= caller.deadline,
    },
  );
  if (refused > 0) refusedWrites.note("first_contact_quota", actor, refused);
  return refused;
}

// Outside any session: registering and binding are idempotent.
async function write(
  context: ServiceContext,
  request: ReportShardRequest,
  caller: Caller,
  operation: Operation,
  words: Parameters<typeof ownReason>[0],
) {
  refuseOutdated(context, request);
  return await propose(context, caller, operation, { ...OUTSIDE_SESSIONS, reason: ownReason(words) });
}

function isSamePlace(known: Readonly<ShardRecord>, report: ReportShardRequest): boolean {
  return (["address", "epoch", "region", "zone"] as const).every((field) => known[field] === report[field]);
}
