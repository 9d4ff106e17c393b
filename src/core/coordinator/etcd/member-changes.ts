// Changes of the fleet's members that etcd's Cluster service asks for (ADR-0071). Any member takes them and forwards
// them to the leader of the fleet's own group. The leader makes them as `fleet member` does: one at a time, checked
// against the caller's roles, and audited. What must stay true: a change is asked for again only while it is certain
// that nothing was changed.

import { type LogIndex, logIndex, type NodeId, nodeId } from "../../base/ids.ts";
import { listMembers } from "../../fleet/query.ts";
import { MemberKind, type MemberRecord } from "../../wire/gen/fleet/v1/command.ts";
import type {
  ChangeMembershipRequest,
  ChangeMembershipResponse,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ForwardKeysRequest } from "../../wire/gen/fleet/v1/raft.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { assertLeads } from "../calls/assert-leads.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { findMember, findRemoved, nameIn } from "../membership/membership-steps.ts";
import { unusedNumber } from "../membership/unused-number.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import type { ForwardedWrites } from "./forward.ts";
import { memberChangeError } from "./member-change-error.ts";
import { addressOfUrls } from "./peer-url.ts";

const LOOK_EVERY_MS = 20;
/** As etcd: which part of the leader's log a learner must have before it may vote. */
const READY_SHARE = 0.9;

export type MemberChange = Extract<
  NonNullable<ForwardKeysRequest["kind"]>,
  { readonly $case: "memberAdd" | "memberRemove" | "memberPromote" }
>;

/** Which member was changed, and the index through which the change shows. */
interface ChangedMember {
  readonly member: NodeId;
  readonly index: LogIndex;
}

type Row = Readonly<MemberRecord>;
type FleetChange = NonNullable<ChangeMembershipRequest["change"]>;

export class MemberChanges {
  readonly #fleet: ServiceContext;
  readonly #forward: ForwardedWrites;

  constructor(fleet: ServiceContext, forward: ForwardedWrites) {
    this.#fleet = fleet;
    this.#forward = forward;
  }

  /** Makes the change, from any member. This replica's tables show it then, unless it is the one that was removed. */
  async make(change: MemberChange, caller: Caller): Promise<NodeId> {
    const { clock, sleep, self, driver } = this.#fleet;
    for (;;) {
      const changed = await this.#tryOnce(change, caller);
      if (changed !== null) {
        const { member, index } = changed;
        if (member !== self) await driver.waitApplied(index, caller.deadline);
        return member;
      }
      if (clock.monotonicMs() >= caller.deadline) throw ETCD_ERRORS.timeout;
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** On the leader. Null: nothing was changed, since it does not lead or makes another change. Throws an etcd error. */
  async perform(change: MemberChange, caller: Caller, askedAt: string): Promise<ChangedMember | null> {
    try {
      await assertLeads(this.#fleet, caller);
      const { member, configurationIndex } = await this.#perform(change, caller, askedAt);
      return { member: nodeId(member?.nodeId ?? 0), index: logIndex(configurationIndex) };
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const refused = memberChangeError(error);
      if (refused !== null) throw refused;
      return null;
    }
  }

  async #tryOnce(change: MemberChange, caller: Caller): Promise<ChangedMember | null> {
    const { driver, self } = this.#fleet;
    if (driver.role === "leader") return this.perform(change, caller, nameIn(this.#fleet)(self));
    if (driver.leader === 0) return null;
    const response = await this.#forward.ask(driver.leader, change, caller);
    if (response === null) return null;
    const { answer, index } = response;
    if (answer?.$case !== "member") throw ETCD_ERRORS.stopped;
    return { member: nodeId(answer.value), index: logIndex(index) };
  }

  #perform(change: MemberChange, caller: Caller, askedAt: string): Promise<ChangeMembershipResponse> {
    const order = (what: FleetChange) => this.#order(change, what, caller, askedAt);
    switch (change.$case) {
      case "memberAdd":
        return this.#add(change.value.peerURLs, change.value.isLearner, order);
      case "memberRemove":
        return order({ $case: "remove", value: { name: this.#leaving(change.value.ID).name } });
      case "memberPromote":
        return this.#promote(this.#memberWith(change.value.ID), caller, order);
    }
  }

  #order(
    { $case }: MemberChange,
    change: FleetChange,
    caller: Caller,
    askedAt: string,
  ): Promise<ChangeMembershipResponse> {
    const reason = `${$case} of etcd's API, asked at ${askedAt}`;
    const request = { change, reason, dryRun: false, expectedConfigurationIndex: undefined };
    return this.#fleet.changes.change(this.#fleet, request, caller);
  }

  // etcd's request has no name, and a fleet's member needs one: n and its number.
  async #add(
    urls: readonly string[],
    learner: boolean,
    order: (change: FleetChange) => Promise<ChangeMembershipResponse>,
  ): Promise<ChangeMembershipResponse> {
    const address = addressOfUrls(urls, this.#fleet.tls === "insecure-loopback" ? "http" : "https");
    const live = this.#members();
    if (live.some((row) => row.address === address)) throw ETCD_ERRORS.peerUrlExists;
    const id = unusedNumber(listMembers(this.#fleet.machine.view).map((row) => row.nodeId));
    const name = unusedName(id, live);
    const done = await order({ $case: "add", value: { nodeId: id, name, address, learner } });
    // Another request has added it between the look and the change.
    if (!done.changed) throw ETCD_ERRORS.peerUrlExists;
    return done;
  }

  async #promote(
    { nodeId: number, name, wanted }: Row,
    { deadline }: Caller,
    order: (change: FleetChange) => Promise<ChangeMembershipResponse>,
  ): Promise<ChangeMembershipResponse> {
    const { driver, clock, sleep } = this.#fleet;
    const id = nodeId(number);
    const isVoter = () => driver.status().config.voters.includes(id);
    if (wanted === MemberKind.VOTER && isVoter()) throw ETCD_ERRORS.memberNotLearner;
    if (!this.#isInSync(id)) throw ETCD_ERRORS.learnerNotReady;
    const done = await order({ $case: "promote", value: { name } });
    // The learner asks for its vote within a second (ADR-0004).
    while (!isVoter()) {
      if (clock.monotonicMs() >= deadline) throw ETCD_ERRORS.timeout;
      await sleep(LOOK_EVERY_MS);
    }
    return { ...done, configurationIndex: Math.max(done.configurationIndex, driver.configurationIndex) };
  }

  #isInSync(id: NodeId): boolean {
    const { config, progress, commit } = this.#fleet.driver.status();
    const match = progress.get(id)?.match ?? 0;
    return config.learners.includes(id) && this.#fleet.isWhole(id) && match >= READY_SHARE * commit;
  }

  #members(): Row[] {
    return listMembers(this.#fleet.machine.view).filter(({ wanted }) => wanted !== MemberKind.REMOVED);
  }

  /** A member, or one whose removal was asked for before and is not done: a group has not let it go yet. */
  #leaving(id: string): Row {
    const row = listMembers(this.#fleet.machine.view).find((each) => String(each.nodeId) === id);
    const isLeaving =
      row?.wanted === MemberKind.REMOVED && this.#fleet.groupsWith(nodeId(row.nodeId)).length > 0;
    if (row === undefined || !isLeaving) return this.#memberWith(id);
    // It is removed by its name, which another may have by now.
    const named = findMember(this.#fleet, row.name) ?? findRemoved(this.#fleet, row.name);
    if (named?.nodeId !== row.nodeId) throw ETCD_ERRORS.memberNotFound;
    return row;
  }

  #memberWith(id: string): Row {
    const row = this.#members().find((member) => String(member.nodeId) === id);
    if (row === undefined) throw ETCD_ERRORS.memberNotFound;
    return row;
  }
}

function unusedName(id: number, members: readonly Row[]): string {
  const taken = new Set(members.map(({ name }) => name));
  let name = `n${id}`;
  for (let more = 2; taken.has(name); more += 1) name = `n${id}-${more}`;
  return name;
}
