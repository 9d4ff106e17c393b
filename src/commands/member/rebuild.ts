// `fleet member rebuild`: a node whose state is wrong gets a new copy from the leader; its files are kept.
import { Args, Flags } from "@oclif/core";
import type { RebuildOrder } from "../../client/member/rebuild.ts";
import { allowChange } from "../../ui/cli/allow-change.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { mutationFlags, timeoutFlag } from "../../ui/cli/fleet-flags.ts";
import { localDeps } from "../../ui/cli/local-deps.ts";
import { refuseShared } from "../../ui/cli/member-command.ts";
import type { TextView } from "../../ui/cli/view.ts";
import { type RebuildReport, rebuildLines } from "../../ui/model/rebuild-lines.ts";

const view: TextView<RebuildReport> = {
  kind: "MemberRebuild",
  name: ({ node }) => node,
  text: (report, { paint, symbols }) => {
    const [first = "", ...rest] = rebuildLines(report);
    const mark = report.state === "rebuilt" ? "good" : "unknown";
    return [paint.mark(mark, `${symbols.marks[mark]} ${first}`), ...rest];
  },
};

export default class MemberRebuild extends FleetCommand {
  static override summary = "Give a diverged node a new copy of the state";
  static override description =
    "Fences the node: it serves no reads, does not lead, and its state hash no longer counts. Then sets its data folder aside and starts it with an empty one. The node rejoins like one that lost its disk, takes the leader's snapshot, and votes again once that is safe. Nothing is deleted. For a node on another host, it fences the node and prints what to run there. If it was interrupted, the same command finishes it.";
  static override examples = [
    "<%= config.bin %> member rebuild n2 --reason 'its state differs since the upgrade'",
  ];
  static override args = { node: Args.string({ required: true, description: "The node" }) };
  static override flags = {
    ...mutationFlags,
    reason: Flags.string({ summary: "Why; kept in the audit log, with the node's files and in its log" }),
    timeout: timeoutFlag("5m", "Give up waiting after this long; the node continues by itself"),
    yes: Flags.boolean({ summary: "Do not ask for the fleet's name" }),
  };

  async run(): Promise<RebuildReport> {
    const { args, flags } = await this.parse(MemberRebuild);
    const { checkRebuild, fenceMember, replaceData, waitRebuilt } = await import(
      "../../client/member/rebuild.ts"
    );
    const { reason = "", timeout: timeoutMs, "dry-run": dryRun } = flags;
    const order: RebuildOrder = {
      ...{ name: args.node, reason, timeoutMs },
      onProgress: (step) => this.note(`  ${step}`),
    };
    const client = await this.client(flags);
    await refuseShared(client);
    if (!dryRun) await allowChange(client.target, this.words, reason);
    const { name: fleet, directory = null } = client.target;
    const found = await checkRebuild(client, args.node);
    const about = { node: args.node, fleet, isLocal: directory !== null, isUnderWay: found.isUnderWay };
    if (dryRun) return await this.#show({ ...about, state: "planned", aside: null });
    await this.confirm(fleet, `rebuild ${args.node} of fleet ${fleet}`, flags.yes);
    await fenceMember(client, found, order);
    if (directory === null && !found.isUnderWay)
      return await this.#show({ ...about, state: "fenced", aside: null });
    const deps = await localDeps(order.onProgress);
    const aside = directory === null || found.isUnderWay ? null : await replaceData(directory, order, deps);
    await waitRebuilt(client, order);
    return await this.#show({ ...about, state: "rebuilt", aside });
  }

  async #show(report: RebuildReport): Promise<RebuildReport> {
    await this.printText(report, view);
    return report;
  }
}
