// Advice to give a short shard a topology domain that another shard has, and the domain's machines with it.
// What must stay true: only unused machines change hands, so that no cluster loses one. A shard that is short
// of such machines itself gives none. If a domain only has to cool down, the advice waits for it, because any
// other move disturbs a running cluster.

import { isName } from "../base/ids.ts";
import type { DomainMachines, ShardView } from "../wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../wire/gen/fleet/v1/views.ts";
import type { Board } from "./board.ts";
import { domainRoom, takeAll } from "./room.ts";
import { fixedBecause, inShort, machinesOf, needOf, type Shortage, whatIsShort } from "./shortage.ts";

interface Donor {
  readonly shardId: string;
  readonly version: number;
}

type Given =
  | ({ readonly kind: "free" } & Donor)
  /** Only time is missing. */
  | { readonly kind: "soon"; readonly why: string }
  | { readonly kind: "no"; readonly why: string };

type DomainAdvice =
  | { readonly kind: "proposed" }
  | { readonly kind: "wait"; readonly why: string }
  /** `why` is empty when no domain would help. */
  | { readonly kind: "none"; readonly why: string };

export function proposeDomain(board: Board, shortage: Shortage): DomainAdvice {
  const taker = board.shard(shortage.shardId);
  if (taker === undefined) return { kind: "none", why: "" };
  const whys: string[] = [];
  let isSoon = false;
  for (const row of domainsThatHelp(board, taker, shortage)) {
    const given = donorOf(board, taker, row);
    if (given.kind === "free") {
      propose(board, shortage, row, given);
      return { kind: "proposed" };
    }
    isSoon ||= given.kind === "soon";
    whys.push(`${nameOf(row)}: ${given.why}`);
  }
  return { kind: isSoon ? "wait" : "none", why: inShort(whys, "; ") };
}

/**
 * Domains that the short shard lists but does not have. The smallest sufficient one comes first, so that no
 * more machines move than needed.
 */
function domainsThatHelp(board: Board, { shard, observed }: ShardView, shortage: Shortage): DomainMachines[] {
  const { region } = shortage.requirements;
  // The new domain must be in the shard's own region.
  if (region !== undefined && region !== shard?.region) return [];
  const others = (observed?.summary?.domains ?? []).filter(({ key, value }) => {
    const owner = board.domain(key, value)?.shardId ?? "";
    return key !== "" && value !== "" && isName(owner) && owner !== shortage.shardId;
  });
  return others
    .filter((row) => takeAll(domainRoom(row), [needOf(shortage)]).ok)
    .sort((a, b) => a.machinesListed - b.machinesListed || (nameOf(a) < nameOf(b) ? -1 : 1));
}

function donorOf(board: Board, taker: ShardView, wanted: DomainMachines): Given {
  const { key, value } = wanted;
  const domain = board.domain(key, value);
  const donor = board.shard(domain?.shardId ?? "");
  if (domain === undefined || donor === undefined) return { kind: "no", why: "no known shard has it" };
  const { shardId, version, confirmedAtMs } = domain;
  const no =
    (board.isDomainAdvised(key, value) ? "its move is proposed already" : null) ??
    unfitBecause(board, shardId, donor, taker) ??
    inUseBecause(shardId, donor, wanted) ??
    neededBecause(board, shardId, wanted);
  if (no !== null) return { kind: "no", why: no };
  if (confirmedAtMs === 0) return { kind: "soon", why: `shard ${shardId} has not confirmed it yet` };
  const soon = board.coolsDown(shardId, confirmedAtMs);
  return soon === null ? { kind: "free", shardId, version } : { kind: "soon", why: soon };
}

function unfitBecause(board: Board, shardId: string, donor: ShardView, taker: ShardView): string | null {
  if (donor.liveness !== ShardLiveness.ALIVE) return `shard ${shardId} is not known to be alive`;
  // Machines never change their region, and a shard assumes that all its machines are in its own.
  if (donor.shard?.region !== taker.shard?.region) return `shard ${shardId} is in another region`;
  return board.targets.isPromised(shardId)
    ? `the room of shard ${shardId} is reserved for another move`
    : null;
}

function inUseBecause(shardId: string, donor: ShardView, wanted: DomainMachines): string | null {
  const rows = donor.observed?.summary?.domains ?? [];
  const row = rows.find(({ key, value }) => key === wanted.key && value === wanted.value);
  if (row === undefined) return `shard ${shardId} does not report its machines`;
  const used = row.machinesListed - row.machinesFree;
  return used === 0 ? null : `${used} of its ${row.machinesListed} machines are in use at shard ${shardId}`;
}

function neededBecause(board: Board, shardId: string, wanted: DomainMachines): string | null {
  const one = (shortage: Shortage) => [{ ...needOf(shortage), machines: 1 }];
  const own = board.openAt(shardId).find((shortage) => takeAll(domainRoom(wanted), one(shortage)).ok);
  return own === undefined ? null : `shard ${shardId} lacks such machines itself, for ${own.clusterId}`;
}

function propose(board: Board, shortage: Shortage, row: DomainMachines, donor: Donor): void {
  const { shardId: to } = shortage;
  const { shardId: from, version } = donor;
  const { key, value, machinesListed } = row;
  const answered = answeredBy(board, shortage, row);
  const what = `${to} lacks ${machinesOf(answered)} machines for ${whatIsShort(answered)}`;
  const why = `${what}; ${nameOf(row)} has ${machinesListed}, which are idle at ${from}`;
  board.targets.loseDomain(from, row);
  board.adviseDomain({ key, value, from, to, version, why }, answered);
}

/** This shortage and the others at its shard that the domain's machines are enough for, the gravest first. */
function answeredBy(board: Board, shortage: Shortage, row: DomainMachines): readonly Shortage[] {
  const answered = [shortage];
  for (const other of board.openAt(shortage.shardId)) {
    if (other === shortage || fixedBecause(other) !== null) continue;
    if (takeAll(domainRoom(row), [...answered, other].map(needOf)).ok) answered.push(other);
  }
  return answered;
}

const nameOf = ({ key, value }: DomainMachines): string => `${key}=${value}`;
