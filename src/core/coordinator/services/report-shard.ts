// A shard's report to the leader. The leader remembers it, registers the shard, declares clusters at first
// contact (the first wins), and answers which clusters to release or take again. What must stay true: a
// report that a newer one has overtaken has no effect, and its shard gets an error. A report counts as a
// whole, from one moment on. No turn of the event loop handles more than a slice of it.

import { status } from "@grpc/grpc-js";
import { shownName } from "../../base/ids.ts";
import { OUTSIDE_SESSIONS } from "../../base/outside-sessions.ts";
import { checkShardRegisters, checkShardTakes } from "../../fleet/apply/apply-shard.ts";
import { isEnabled } from "../../fleet/feature-gates.ts";
import { SHARDS_LEAVE_VERSION } from "../../fleet/format.ts";
import { INSTRUCTION_ACKS_MAX } from "../../fleet/limits.ts";
import { bySlices } from "../../fleet/slices.ts";
import { instructionKey } from "../../fleet/tables/schema.ts";
import {
  InstructionOutcome,
  type Operation,
  type ShardRecord,
  ShardState,
} from "../../wire/gen/fleet/v1/command.ts";
import type { ReportShardRequest, ReportShardResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import { type RpcError, rpcError } from "../../wire/rpc-error.ts";
import { LARGE_BYTES } from "../../wire/server/refused-callers.ts";
import { ROWS_PER_SLICE } from "../../wire/server/sliced-message.ts";
import { formatIdentity, type Identity } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { obeyedInstead, ofThisIncarnation } from "../calls/other-incarnation.ts";
import { propose } from "../calls/propose.ts";
import { ownReason } from "../calls/reason.ts";
import { assertTrusted, notLeader, rejectionError } from "../calls/refusals.ts";
import { ownMaking } from "../reports/first-contacts.ts";
import { type IncomingReport, priceOfBytes, type UnreadReport } from "../reports/incoming-report.ts";
import { isFirstContact } from "../reports/instructions.ts";
import { observableReport } from "../reports/observable-report.ts";
import { holdsCluster } from "../reports/observed.ts";
import { reconcileDomains } from "./reconcile-domains.ts";
import { answerOf, bindingInstructions } from "./report-answer.ts";
import { sightOf } from "./sight.ts";

/** Reading the largest report takes some 0.2 s. */
const STILL_READING_MS = 500;

export async function reportShard(
  context: ServiceContext,
  unread: UnreadReport,
  caller: Caller,
): Promise<ReportShardResponse> {
  const { largeWork } = context;
  const incoming = opened(context, unread, caller);
  const leads = leadsInTerm(context);
  const whole = await largeWork.run(incoming.head.shardId, incoming.whole());
  const request = await observable(context, whole);
  await observe(context, request, leads);
  await refuseRemoved(context, request, caller);
  await register(context, request, caller);
  await settleAdoption(context, request, caller);
  await settleInstructions(context, request, caller);
  const askDomains = await reconcileDomains(context, request);
  const firstContactsRefused = await declareFirstContacts(context, request, caller);
  const instructions = await largeWork.run(request.shardId, bindingInstructions(context, request));
  // The answer carries this term, and another leader's instructions are newer.
  if (!leads()) throw notLeader(context);
  assertTrusted(context);
  refuseOutdated(context, request);
  return answerOf(context, request, instructions, { askDomains, firstContactsRefused });
}

/**
 * Why a large report is refused when its length is known, before it is read; null if it is not. Small ones are read: what is
 * wrong with them is told in its order.
 */
export function reportUnread(context: ServiceContext, identity: Identity, bytes: number): RpcError | null {
  const { driver, observed, rowPace, clock } = context;
  if (bytes <= LARGE_BYTES) return null;
  if (driver.role !== "leader") return notLeader(context);
  if (identity.kind !== "shard") return null;
  if (observed.isTaking(identity.id)) return stillReading(identity.id);
  const waitMs = rowPace.shortMs(identity.id, clock.monotonicMs(), priceOfBytes(bytes));
  return waitMs === 0 ? null : tooOften(context, identity, `${bytes} bytes`, waitMs);
}

/**
 * Checks a report before its rows are decoded, which is the expensive part. The walk over its fields is paid by a shard
 * whose report is refused: it may send as many as it likes. One that owes for such walks is refused before the next.
 */
function opened(context: ServiceContext, unread: UnreadReport, { identity }: Caller): IncomingReport {
  const { driver, rowPace, clock } = context;
  const payer = identity.kind === "shard" ? identity.id : null;
  const owedMs = payer === null ? 0 : rowPace.waitMs(payer, clock.monotonicMs(), 0);
  if (owedMs > 0) throw tooOften(context, identity, "some rows", owedMs);
  try {
    const incoming = unread.open();
    const { head, price } = incoming;
    if (identity.kind !== "admin" && payer !== head.shardId) {
      const message = `this certificate may not report as shard ${shownName(head.shardId)}`;
      throw rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", message);
    }
    if (driver.role !== "leader") throw notLeader(context);
    assertTrusted(context);
    const waitMs = rowPace.waitMs(head.shardId, clock.monotonicMs(), price);
    if (waitMs > 0) throw tooOften(context, identity, `${price} rows`, waitMs);
    refuseOutdated(context, head);
    return incoming;
  } catch (error) {
    if (payer !== null) rowPace.charge(payer, clock.monotonicMs(), unread.walkPrice);
    throw error;
  }
}

/** Says later whether this replica still leads in the same term. */
function leadsInTerm({ driver }: ServiceContext): () => boolean {
  const { term } = driver;
  return () => driver.role === "leader" && driver.term === term;
}

/** REPORTS_TOO_OFTEN. */
function tooOften(
  { refusedWrites }: ServiceContext,
  identity: Identity,
  what: string,
  waitMs: number,
): RpcError {
  const who = formatIdentity(identity);
  refusedWrites.note("report_pace", who);
  return rpcError(
    status.RESOURCE_EXHAUSTED,
    "REPORTS_TOO_OFTEN",
    `${who} reports ${what} again too soon`,
    {},
    waitMs,
  );
}

/** Throws REPORT_INVALID. Rows that no correct shard reports are counted and ignored. */
async function observable(context: ServiceContext, report: ReportShardRequest): Promise<ReportShardRequest> {
  const seen = await context.largeWork.run(report.shardId, observableReport(report));
  if (seen === null) {
    throw rpcError(
      status.INVALID_ARGUMENT,
      "REPORT_INVALID",
      "the report names an incarnation whose id is not possible",
    );
  }
  context.refusedRows.note(report.shardId, seen.refused);
  return await context.largeWork.run(report.shardId, ofThisIncarnation(context, seen.report));
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

// A removed shard is refused, but it may still serve clusters without permission, which must be visible.
async function observe(
  context: ServiceContext,
  request: ReportShardRequest,
  leads: () => boolean,
): Promise<void> {
  const { machine, observed, clock, largeWork } = context;
  const { shardId } = request;
  if (!leads()) throw notLeader(context);
  refuseOutdated(context, request);
  if (observed.isTaking(shardId)) throw stillReading(shardId);
  const mayTake = () => {
    const known = machine.view.tables.shards.get(shardId);
    const isRemoved = known?.state === ShardState.REMOVED && request.epoch >= known.epoch;
    return leads() && (isRemoved || checkShardRegisters(machine.view, request) === null);
  };
  if (mayTake()) {
    const taking = observed.taking(request, { nowMs: clock.monotonicMs, mayTake });
    await largeWork.run(shardId, taking);
  }
}

// A removed shard that reports that it has nothing has left: lists need not show it any more.
async function refuseRemoved(
  context: ServiceContext,
  request: ReportShardRequest,
  caller: Caller,
): Promise<void> {
  const { machine } = context;
  const refused = checkShardRegisters(machine.view, request);
  if (refused?.$case !== "rejected") return;
  const row = machine.view.tables.shards.get(request.shardId);
  const mayLeave = row?.state === ShardState.REMOVED && machine.view.clusterVersion >= SHARDS_LEAVE_VERSION;
  if (mayLeave && row.leftAtMs === undefined && hasNothing(request)) {
    const operation: Operation = { kind: { $case: "noteShardLeft", value: { shardId: request.shardId } } };
    await write(context, request, caller, operation, "shard's report");
  }
  throw rejectionError(refused.value);
}

function hasNothing({ bindings, heldDomains }: ReportShardRequest): boolean {
  return !bindings.some(holdsCluster) && (heldDomains?.domains ?? []).length === 0;
}

function stillReading(shardId: string): RpcError {
  const message = `an earlier report of shard ${shownName(shardId)} is still being processed`;
  return rpcError(status.RESOURCE_EXHAUSTED, "REPORTS_TOO_OFTEN", message, {}, STILL_READING_MS);
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

// It obeys, so the next leader need not send the order.
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

// A shard repeats its answers until a report was accepted; only answers to open instructions need a log
// entry.
async function settleInstructions(
  context: ServiceContext,
  request: ReportShardRequest,
  caller: Caller,
): Promise<void> {
  const { shardId, acks } = request;
  const { instructions } = context.machine.view.tables;
  const open = acks.filter((ack) => {
    // The shard obeys a newer leader: the row stays unchanged, so no entry is needed.
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

// A lost race for a cluster does not fail the report: the loser's session is shown as drift. The same holds
// for the clusters of a shard that takes nothing new. Proposals that are known to be refused would fill the
// log with every report.
async function declareFirstContacts(
  context: ServiceContext,
  request: ReportShardRequest,
  caller: Caller,
): Promise<number> {
  const { clock, firstContacts, firstContactsMax, largeWork, machine, refusedWrites } = context;
  const { shardId } = request;
  if (!isEnabled(machine.view, "first-contact") || checkShardTakes(machine.view, shardId) !== null) return 0;
  const isUnknown = (clusterId: string) => machine.view.tables.bindings.get(clusterId) === undefined;
  const contacted: string[] = [];
  const gather = bySlices(request.bindings, ROWS_PER_SLICE, (row) => {
    if (isFirstContact(row) && isUnknown(row.clusterId)) contacted.push(row.clusterId);
  });
  await largeWork.run(shardId, gather);
  const actor = formatIdentity(caller.identity);
  const isOperator = caller.identity.kind === "admin";
  const { refused } = await firstContacts.declare(contacted, {
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
  });
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
