// What the commands that change members share: flags, the compare-and-set, where the fleet's processes are, and how
// an outcome is shown.
import type { EtcdMemberChange, EtcdMemberChanged } from "../../client/etcd/change-member.ts";
import type { FleetClient } from "../../client/fleet-client.ts";
import type { LocalDeps } from "../../client/local/deps.ts";
import type { MemberOrder } from "../../client/member/local-member.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { ChangeMembershipResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { allowChange } from "./allow-change.ts";
import { FleetCommand } from "./fleet-command.ts";
import { indexFlag, mutationFlags, timeoutFlag } from "./fleet-flags.ts";
import { localDeps } from "./local-deps.ts";
import type { TextView } from "./view.ts";
import type { WriteFlagValues } from "./write-command.ts";

export const memberFlags = {
  ...mutationFlags,
  timeout: timeoutFlag("1m"),
  "expect-index": indexFlag(1, "Only if the configuration is at this index (see: fleet member list)"),
};

export interface MemberFlagValues extends WriteFlagValues {
  readonly "expect-index": number | undefined;
}

interface Words {
  readonly done: string;
  readonly already: string;
  readonly would: string;
}

export interface MemberReport extends ChangeMembershipResponse {
  readonly dryRun: boolean;
  readonly what: string;
  /** Further facts, such as the command that starts the member's process; shown after the outcome, or said before it. */
  readonly notes: readonly string[];
}

const view: TextView<MemberReport> = {
  kind: "MembershipChange",
  name: ({ member }) => member?.name ?? "",
  text: ({ what, dryRun, configurationIndex, notes }, { paint, symbols }) => {
    const mark = dryRun ? "unknown" : "good";
    const at = paint.faint(` (configuration index ${configurationIndex})`);
    return [paint.mark(mark, `${symbols.marks[mark]} ${what}`) + at, ...notes];
  },
};

/** A change of a plain etcd cluster. */
export interface EtcdMemberReport extends EtcdMemberChanged {
  readonly dryRun: boolean;
  readonly what: string;
}

const etcdView: TextView<EtcdMemberReport> = {
  kind: "EtcdMembershipChange",
  name: ({ name }) => name,
  text: ({ what, dryRun, memberId, notes }, { paint, symbols }) => {
    const mark = dryRun ? "unknown" : "good";
    const id = memberId === "" ? "" : paint.faint(` (member ${memberId})`);
    return [paint.mark(mark, `${symbols.marks[mark]} ${what}`) + id, ...notes];
  },
};

export abstract class MemberCommand extends FleetCommand {
  /** Of a fleet elsewhere that a context names: the addresses of its members before the change. */
  #membersBefore: readonly string[] | null = null;

  /** Changes the plain etcd cluster that is meant; null when a fleet is meant. `asked`: its flag --yes, if it asks first. */
  protected async changeOnEtcd(
    flags: MemberFlagValues,
    change: EtcdMemberChange,
    words: Words,
    asked?: { readonly yes: boolean },
  ): Promise<EtcdMemberReport | null> {
    const onEtcd = await this.etcd(flags);
    if (onEtcd === null) return null;
    const { client, target } = onEtcd;
    const dryRun = flags["dry-run"];
    refuseFleetsFlags(flags);
    if (!dryRun) await allowChange(target, this.words, flags.reason);
    const { changeMember } = await import("../../client/etcd/change-member.ts");
    const options = { deadlineMs: flags.timeout };
    if (asked !== undefined && !dryRun) {
      // It is checked before the question whether the change is possible.
      await changeMember(client, change, { ...options, dryRun: true });
      await this.confirm(target.name, `${change.kind} ${change.name} of ${target.name}`, asked.yes);
    }
    const done = await changeMember(client, change, { ...options, dryRun });
    const what = done.changed ? (dryRun ? words.would : words.done) : words.already;
    const report = { ...done, dryRun, what };
    await this.printText(report, etcdView);
    return report;
  }

  /** The client, allowed to change something. */
  protected async changer(flags: WriteFlagValues): Promise<FleetClient> {
    const client = await this.client(flags);
    await refuseShared(client);
    if (flags["dry-run"]) return client;
    await allowChange(client.target, this.words, flags.reason);
    const { isElsewhere } = await import("../../client/context/follow-members.ts");
    if (isElsewhere(client.target)) this.#membersBefore = await membersOf(client);
    return client;
  }

  /** The context by which the fleet was named gets the endpoints of its new members. */
  async #followMembers(client: FleetClient, before: readonly string[]): Promise<void> {
    const { followMembers, followedNote } = await import("../../client/context/follow-members.ts");
    const { name } = client.target;
    const note = await followedNote(name, async () => {
      const { processes, clock, contextsFile } = await this.machine();
      const changed = { before, after: await membersOf(client) };
      return followMembers(contextsFile, name, changed, { processes, clock });
    });
    if (note !== null) this.note(note);
  }

  protected order(flags: MemberFlagValues): MemberOrder {
    const { reason = "", "dry-run": dryRun, "expect-index": expectedConfigurationIndex } = flags;
    return { reason, dryRun, expectedConfigurationIndex };
  }

  protected machine(): Promise<LocalDeps> {
    return localDeps((step) => this.note(step));
  }

  /** Stops the process of a member that has left a local fleet, and moves its data aside. */
  protected async retire(directory: string, name: string): Promise<readonly string[]> {
    const { retireLocalMember } = await import("../../client/member/local-member.ts");
    return retireLocalMember(directory, name, await this.machine());
  }

  protected async report(
    flags: MemberFlagValues,
    done: ChangeMembershipResponse,
    words: Words,
    notes: readonly string[] = [],
    areSaid = false,
  ): Promise<MemberReport> {
    const dryRun = flags["dry-run"];
    const what = done.changed ? (dryRun ? words.would : words.done) : words.already;
    const report = { ...done, dryRun, what, notes };
    const text: typeof view.text = (shown, look) => view.text({ ...shown, notes: [] }, look);
    await this.printText(report, areSaid ? { ...view, text } : view);
    if (this.#membersBefore !== null && done.changed)
      await this.#followMembers(await this.client(flags), this.#membersBefore);
    return report;
  }
}

async function membersOf(client: FleetClient): Promise<readonly string[]> {
  const { members } = await client.listMembers();
  return members.map(({ member }) => member?.address ?? "");
}

const FLEETS_OWN = ["expect-index", "id", "wait"] as const;

/** What etcd's API has no word for. */
function refuseFleetsFlags(flags: object): void {
  const given = FLEETS_OWN.filter((name) => {
    const value: unknown = Reflect.get(flags, name);
    return value !== undefined && value !== false;
  });
  if (given.length === 0) return;
  throw new OperatorError("NOT_ON_ETCD", {
    what: `${given.map((name) => `--${name}`).join(", ")}: n/a on a plain etcd cluster`,
    why: "etcd chooses ids itself, and its configuration has no index to compare with",
    next: "leave it out; fleet member list shows when the member has started",
    exit: Exit.Precondition,
  });
}

/** Of a local fleet whose coordinators share one process: its members do not change. */
export async function refuseShared({ target }: FleetClient): Promise<void> {
  if (target.directory === undefined) return;
  const { refuseSharedMembers } = await import("../../client/files/shared-process.ts");
  await refuseSharedMembers(target.directory);
}
