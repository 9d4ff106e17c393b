// Applies a coordinator's answer to this shard's report. What must stay true: only answers of the obeyed incarnation
// are applied. An answer of an older leader than one already heard is not applied either (allegiance.ts). The rest is
// fenced by version (bindings) and sequence (domains). Answers to instructions leave with the next report, after the
// write that covers what they claim.

import type { Log } from "../base/log.ts";
import type { BindingInstruction, ReportShardResponse } from "../wire/gen/fleet/v1/coordinator.ts";
import type { AckOutbox } from "./ack-outbox.ts";
import { changingTo, following, type Standing, standingOf } from "./allegiance.ts";
import { obey, readInstruction } from "./binding-table.ts";
import { domainName, followDomain, stale } from "./domain-table.ts";
import type { ShardStore } from "./shard-store.ts";

export interface Obeying {
  readonly store: ShardStore;
  readonly acks: AckOutbox;
  readonly hasSession: (cluster: string) => boolean;
  readonly log: Log;
}

interface Obeyed {
  /** Whether the coordinator should get a report soon. */
  readonly hasChanged: boolean;
  readonly haveDomainsChanged: boolean;
  /** Whether the shard obeys its sender. */
  readonly isFollowed: boolean;
  /** Whether the next report must list all domains. */
  readonly isAskedForDomains: boolean;
}

export function obeyAnswer(answer: ReportShardResponse, obeying: Obeying): Obeyed {
  const standing = standingOf(answer, obeying.store.allegiance);
  const begins = standing.kind === "begins";
  if (begins) begin(answer, standing, obeying);
  if (standing.kind === "obeyed") obeying.store.obey(following(answer, obeying.store.allegiance));
  const isFollowed = standing.kind !== "outdated";
  if (isFollowed) obeyDrain(answer, obeying);
  const haveDomainsChanged = obeyDomains(answer, standing, obeying);
  const haveBindingsChanged = isFollowed && obeyBindings(answer.instructions, obeying);
  const isAskedForDomains = isFollowed && answer.askDomains;
  const hasChanged = begins || haveDomainsChanged || haveBindingsChanged;
  return { hasChanged, haveDomainsChanged, isAskedForDomains, isFollowed };
}

// Old answers are dropped: the new incarnation may use the same sequences and would take them for answers to
// its own instructions.
function begin(
  answer: ReportShardResponse,
  { isOrdered }: Extract<Standing, { kind: "begins" }>,
  obeying: Obeying,
): void {
  const { store, acks, log } = obeying;
  const { incarnation, coordinatorTerm } = answer;
  if (incarnation === undefined) return;
  const before = store.allegiance;
  store.begin(changingTo({ ...answer, incarnation }, before));
  acks.clear();
  if (before.incarnation === null) return;
  const now = { ...incarnation, term: coordinatorTerm };
  const left = { ...before.incarnation, term: before.term };
  const why = isOrdered ? "an operator has decided it" : "it is later";
  log.warn("obeys another incarnation of the coordinators from now on", { why, now, left });
}

function obeyDrain({ draining = false }: ReportShardResponse, { store, log }: Obeying): void {
  if (!store.setDraining(draining)) return;
  log.info(draining ? "is being drained: refuses unknown clusters" : "takes unknown clusters again");
}

function obeyBindings(
  instructions: readonly BindingInstruction[],
  { store, hasSession, log }: Obeying,
): boolean {
  let hasChanged = false;
  for (const wire of instructions) {
    const instruction = readInstruction(wire);
    if (instruction === null) continue;
    const cluster = wire.clusterId;
    const before = store.bindings.get(cluster);
    const after = obey(before, instruction, hasSession(cluster));
    if (after === before) continue;
    if (after === undefined) store.forget(cluster);
    else store.set(cluster, after);
    hasChanged = true;
    const now = after?.kind ?? "forgotten";
    log.info("followed a binding instruction", { cluster, now, version: instruction.version });
  }
  return hasChanged;
}

function obeyDomains(
  { domainInstructions }: ReportShardResponse,
  standing: Standing,
  { store, acks, log }: Obeying,
): boolean {
  let obeyed = 0;
  for (const instruction of domainInstructions) {
    const { key, value, sequence } = instruction;
    const followed =
      standing.kind === "outdated"
        ? stale(standing.why)
        : followDomain(store.domains.get(domainName(instruction)), instruction);
    if (followed.record !== null) {
      store.setDomain(followed.record);
      obeyed += 1;
    }
    acks.put({ key, value, sequence, outcome: followed.outcome, detail: followed.detail });
  }
  if (obeyed > 0) log.info("followed domain instructions", { count: obeyed, domains: store.domains.size });
  return obeyed > 0;
}
