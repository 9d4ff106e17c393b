// What the commands that change members share: flags, the compare-and-set, where the fleet's processes are, and how
// an outcome is shown.
import type { FleetClient } from "../../client/fleet-client.ts";
import type { LocalDeps } from "../../client/local/deps.ts";
import type { MemberOrder } from "../../client/member/local-member.ts";
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

export abstract class MemberCommand extends FleetCommand {
  /** The client, allowed to change something. */
  protected async changer(flags: WriteFlagValues): Promise<FleetClient> {
    const client = await this.client(flags);
    if (!flags["dry-run"]) await allowChange(client.target, this.words, flags.reason);
    return client;
  }

  protected order(flags: MemberFlagValues): MemberOrder {
    const { reason = "", "dry-run": dryRun, "expect-index": expectedConfigurationIndex } = flags;
    return { reason, dryRun, expectedConfigurationIndex };
  }

  protected machine(): Promise<LocalDeps> {
    return localDeps((step) => this.note(step));
  }

  /** Stops the process of a member that has left a local fleet, and moves its data aside. */
  protected async retire(directory: string, name: string): Promise<string[]> {
    const { retireLocalMember } = await import("../../client/member/local-member.ts");
    const aside = await retireLocalMember(directory, name, await this.machine());
    return aside === null ? [] : [`its process was stopped; its data is in ${aside}`];
  }

  protected async report(
    flags: MemberFlagValues,
    done: ChangeMembershipResponse,
    words: { readonly done: string; readonly already: string; readonly would: string },
    notes: readonly string[] = [],
    areSaid = false,
  ): Promise<MemberReport> {
    const dryRun = flags["dry-run"];
    const what = done.changed ? (dryRun ? words.would : words.done) : words.already;
    const report = { ...done, dryRun, what, notes };
    const text: typeof view.text = (shown, look) => view.text({ ...shown, notes: [] }, look);
    await this.printText(report, areSaid ? { ...view, text } : view);
    return report;
  }
}
