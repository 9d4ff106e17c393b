// The groups beside the fleet's own that are open in this process (ADR-0049): those in the data folder, and those that
// the fleet's table names. What must stay true: a group that may have been on a lost disk waits. Its own log must first
// remove this replica and add it again (ADR-0002). What the folder remembers is durable before the group takes part.

import { assert, present } from "../../base/assert.ts";
import { FLEET_GROUP, type GroupId, groupId, type LogIndex, type NodeId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Timers } from "../../base/timers.ts";
import { GROUPS_VERSION } from "../../fleet/format.ts";
import { groupKindName } from "../../fleet/group-kind-name.ts";
import type { FleetView } from "../../fleet/state.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { GroupsFile, RememberedGroup } from "../../storage/groups-file.ts";
import type { Storage } from "../../storage/storage.ts";
import type { GroupRecord } from "../../wire/gen/fleet/v1/command.ts";
import type { OpenKind } from "../group/group-kinds.ts";
import type { GroupRules } from "../host/host-options.ts";
import { Admission, type AdmittedDriver } from "./admission.ts";
import { beginningOf } from "./beginning.ts";
import { bootstrapGroup, isBootstrapped } from "./bootstrap.ts";
import { membersOf } from "./group-step.ts";
import type { Holding, Readmission, Wanted } from "./readmission.ts";

const LOOK_EVERY_MS = 100;
const ASK_EVERY_MS = 200;
/** Groups that ask at a time: after a lost disk there may be thousands. */
const ASKING_MAX = 64;

/** What all kinds of open groups have. */
export interface OpenGroup {
  readonly group: GroupId;
  readonly driver: AdmittedDriver & {
    /** Settles once the state that the disk holds is restored; rejects when it can't be. */
    readonly restored: Promise<void>;
    readonly configurationIndex: LogIndex;
    readonly role: RaftStatus["role"];
    readonly leader: NodeId;
    transferLeader(to: NodeId): void;
  };
}

/** What a replica that lost its disk may do in a group. */
export type EntryRules = Pick<GroupRules, "ticks" | "accepts" | "mayCampaign">;

/** The fleet's own group, as this replica has applied it. */
export interface FleetSight {
  readonly view: () => FleetView;
  /** The replica in the fleet's own group, as it is now. */
  readonly raft: Pick<RaftStatus, "role" | "config">;
  readonly configurationIndex: () => LogIndex;
  readonly isRestoring: () => boolean;
  readonly isAmnesiac: () => boolean;
}

export interface OpenGroupsOptions<Group extends OpenGroup> {
  readonly self: NodeId;
  readonly storage: Storage & { groups(): readonly GroupId[] };
  readonly file: GroupsFile;
  readonly fleet: FleetSight;
  /** Whether this build has a machine for the kind. */
  readonly opens: (kind: string) => kind is OpenKind;
  /** Makes a group's driver and machine. */
  readonly start: (group: GroupId, kind: OpenKind, groups: number) => Group;
  /** Hands it to the host. */
  readonly host: (group: Group, rules: EntryRules) => void;
  /** The rules of a hosted group allow more than before: its state is restored. */
  readonly ready: () => void;
  /** Asks the group's leader what this replica may do in it. */
  readonly ask: (group: GroupId, holding: Holding) => Promise<Readmission>;
  /** As leader of the fleet's own group: adds rows for groups that an earlier build bootstrapped. */
  readonly bootstrap: (groups: readonly GroupId[]) => Promise<unknown>;
  readonly timers: Timers;
  readonly log: Log;
  readonly onFatal: (error: unknown) => void;
}

interface Open<Group> {
  readonly hosted: Group;
  readonly admission: Admission;
  isAsking: boolean;
  /** Its members at `configurationIndex`. */
  members: { readonly at: LogIndex; readonly all: readonly NodeId[]; readonly isVoter: boolean };
}

export class OpenGroups<Group extends OpenGroup> {
  readonly #options: OpenGroupsOptions<Group>;
  readonly #open = new Map<GroupId, Open<Group>>();
  readonly #hosted = new Map<GroupId, Group>();
  readonly #unknown = new Set<string>();
  readonly #cancels: (() => void)[] = [];
  #seen = "";
  #isOpening = false;
  #isFounding = false;

  /** Opens what the folder holds. */
  constructor(options: OpenGroupsOptions<Group>) {
    this.#options = options;
    const { storage, file, timers } = options;
    const found = storage.groups().filter((group) => group !== FLEET_GROUP && isBootstrapped(storage, group));
    for (const group of found) {
      const remembered = file.find(group) ?? { group, kind: "tally", memory: "whole" as const };
      if (this.#opens(remembered.kind)) this.#start(remembered, found.length);
    }
    this.#cancels.push(
      timers.every(LOOK_EVERY_MS, () => this.#look()),
      timers.every(ASK_EVERY_MS, () => this.#askSome()),
    );
  }

  get all(): ReadonlyMap<GroupId, Group> {
    return this.#hosted;
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
  }

  /** Whether any group has the member in its configuration, as it is known here. */
  holds(member: NodeId): boolean {
    for (const open of this.#open.values()) if (this.#membersOf(open).all.includes(member)) return true;
    return false;
  }

  /** The groups that have the member in their configuration, as they are known here. */
  holding(member: NodeId): readonly GroupId[] {
    return [...this.#open.values()]
      .filter((open) => this.#membersOf(open).all.includes(member))
      .map(({ hosted }) => hosted.group);
  }

  /** Whether it may have forgotten what it has promised in this group. */
  isAmnesiac(group: GroupId): boolean {
    return this.#open.get(group)?.admission.isAmnesiac ?? true;
  }

  /** As the group's leader, which a quorum has just confirmed. */
  readmit(group: GroupId, peer: NodeId, holding: Holding, wanted: Wanted): Readmission {
    const open = present(this.#open.get(group), "a leader's group is open");
    return open.admission.readmit(peer, holding, wanted);
  }

  #look(): void {
    const { fleet } = this.#options;
    if (fleet.isRestoring()) return;
    const { low, high } = fleet.view().tables.groups.digest;
    const now = `${low}.${high} ${this.#open.size} ${fleet.raft.role} ${fleet.view().clusterVersion}`;
    if (now === this.#seen || this.#isOpening) return;
    this.#seen = now;
    const missing = [...fleet.view().tables.groups.rows()].filter(
      (row) => !this.#open.has(groupId(row.groupId)),
    );
    if (missing.length > 0) void this.#openRows(missing).catch(this.#options.onFatal);
    this.#bootstrapUnlisted();
  }

  async #openRows(rows: readonly GroupRecord[]): Promise<void> {
    this.#isOpening = true;
    try {
      const beginning = rows
        .filter(({ kind }) => this.#opens(groupKindName(kind)))
        .map((row) => this.#beginning(row));
      const { file, storage } = this.#options;
      const added = beginning.filter(({ group }) => file.find(group) === undefined);
      if (added.length > 0) {
        await file.add(added.map(({ group, kind, memory }) => ({ group, kind, memory })));
      }
      for (const { group, isFirst, founders } of beginning) {
        if (isFirst) await bootstrapGroup(storage, group, founders);
      }
      for (const each of beginning) this.#start(each, this.#open.size + beginning.length);
    } finally {
      this.#isOpening = false;
    }
  }

  #beginning(row: GroupRecord): RememberedGroup & { isFirst: boolean; founders: readonly NodeId[] } {
    const { self, file, storage, fleet } = this.#options;
    const group = groupId(row.groupId);
    const remembered = file.find(group);
    const begins = beginningOf(row, {
      self,
      hasLog: isBootstrapped(storage, group),
      isLost: remembered?.memory === "lost",
      forgotThrough: file.forgotThrough,
      isAmnesiac: fleet.isAmnesiac(),
    });
    const memory = remembered?.memory ?? (begins === "admission" ? "lost" : "whole");
    assert(begins !== "first" || memory === "whole", "a first voter has promised nothing yet");
    const founders = row.founders as NodeId[];
    return { group, kind: groupKindName(row.kind), memory, isFirst: begins === "first", founders };
  }

  #opens(kind: string): boolean {
    const { opens, log } = this.#options;
    if (opens(kind)) return true;
    if (!this.#unknown.has(kind)) log.warn("this build has no machine for groups of this kind", { kind });
    this.#unknown.add(kind);
    return false;
  }

  #start({ group, kind, memory }: RememberedGroup, groups: number): void {
    const { start, opens, host, ready, file } = this.#options;
    assert(opens(kind), "only groups of kinds with a machine are started");
    const hosted = start(group, kind, groups);
    const admission = new Admission({
      driver: hosted.driver,
      isAmnesiac: memory === "lost",
      whole: () => file.setWhole(group),
    });
    const members = { at: -1 as LogIndex, all: [], isVoter: false };
    this.#open.set(group, { hosted, admission, isAsking: false, members });
    this.#hosted.set(group, hosted);
    // For the core the snapshot on the disk is applied, but its rows are restored in slices. A leader needs them. A
    // follower's votes and appends need the log alone, and entries wait to be applied (applying.ts).
    let isRestored = false;
    hosted.driver.restored.then(() => {
      isRestored = true;
      ready();
    }, this.#options.onFatal);
    host(hosted, {
      // A replica that has forgotten promises neither campaigns nor votes, and its clock stands still.
      ticks: () => isRestored && !admission.isAmnesiac,
      accepts: (message) => (isRestored || message.type !== "MsgTimeoutNow") && !admission.ignores(message),
      mayCampaign: () => isRestored && !admission.isAmnesiac,
    });
  }

  /** A replica asks until it votes again, and a learner until it votes for the first time. */
  #askSome(): void {
    const { self, fleet } = this.#options;
    const mayVote = fleet.raft.config.voters.includes(self);
    const open = [...this.#open.values()];
    const asking = open.filter(({ isAsking }) => isAsking).length;
    const mustAsk = (each: Open<Group>) =>
      each.admission.isAmnesiac || (mayVote && !this.#membersOf(each).isVoter);
    const due = open.filter((each) => !each.isAsking && mustAsk(each));
    for (const each of due.slice(0, ASKING_MAX - asking)) {
      each.isAsking = true;
      void this.#ask(each)
        .catch(this.#options.onFatal)
        .finally(() => {
          each.isAsking = false;
        });
    }
  }

  async #ask({ hosted, admission }: Open<Group>): Promise<void> {
    await admission.answered(await this.#options.ask(hosted.group, admission.holding));
  }

  #membersOf(open: Open<Group>): Open<Group>["members"] {
    const { driver } = open.hosted;
    if (open.members.at !== driver.configurationIndex) {
      const { config } = driver.status();
      const isVoter = config.voters.includes(this.#options.self);
      open.members = { at: driver.configurationIndex, all: membersOf(config), isVoter };
    }
    return open.members;
  }

  /** Groups from before the table get their rows, as members do (ADR-0004). */
  #bootstrapUnlisted(): void {
    const { fleet, bootstrap } = this.#options;
    const { clusterVersion, tables } = fleet.view();
    if (fleet.raft.role !== "leader" || clusterVersion < GROUPS_VERSION || this.#isFounding) return;
    const unlisted = [...this.#open.keys()].filter((group) => tables.groups.get(group) === undefined);
    if (unlisted.length === 0) return;
    this.#isFounding = true;
    void bootstrap(unlisted).finally(() => {
      this.#isFounding = false;
      // Looked at again, whether it succeeded or not.
      this.#seen = "";
    });
  }
}
