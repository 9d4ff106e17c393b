// `fleet snapshot restore`: a fleet of one node from an exported snapshot, when every disk is lost. Offline.
import { resolve } from "node:path";
import { Args, Flags } from "@oclif/core";
import type { RestoreReport, RestoreWish } from "../../client/snapshot/restore.ts";
import { confirmByName } from "../../ui/cli/confirm.ts";
import {
  allowPlainFlag,
  encryptionFlags,
  encryptionKeys,
  encryptionSource,
} from "../../ui/cli/encryption-flags.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";
import { revocationFlags } from "../../ui/cli/revocation-flags.ts";
import type { TextView } from "../../ui/cli/view.ts";
import { restoreLines } from "../../ui/model/tables/snapshot-table.ts";

const view: TextView<RestoreReport> = {
  kind: "SnapshotRestore",
  name: (report) => report.node,
  text: (report, { paint, symbols }) => {
    const mark = report.dryRun ? "unknown" : "good";
    const does = report.dryRun ? "would be restored to" : "is restored in";
    return [
      paint.mark(mark, `${symbols.marks[mark]} ${report.snapshot} ${does} ${report.directory}`),
      ...restoreLines(report).map((line) =>
        paint.mark(line.mark, `${symbols.marks[line.mark]} ${line.text}`),
      ),
      ...(report.clusterId === null
        ? []
        : [
            `  cluster  ${report.clusterId}, formerly ${report.formerClusterId}`,
            `  log      from index ${report.index} in term ${report.term}`,
            `  epoch    ${report.epoch}`,
          ]),
      ...(report.setAside.length > 0 ? [`  aside    ${report.setAside.join(", ")}`] : []),
      ...(report.next.length > 0 ? ["", ...report.next.map((line) => `next: ${line}`)] : []),
    ];
  },
};

export default class SnapshotRestore extends LocalCommand {
  static override summary = "Make a fleet of one node from an exported snapshot";
  static override description =
    "Use it when every disk is lost; while one is left, fleet recover loses less. It restores into the local " +
    "fleet of --dir, whose certificates and shards stay. Without a fleet there, it makes a new one. With " +
    "--data it fills the data folder of a node that is started by other means. It overwrites nothing and asks " +
    "for the fleet's name. The fleet gets a new cluster id, so that no old node can rejoin. If it was " +
    "interrupted, the same command finishes it.";
  static override examples = [
    "<%= config.bin %> snapshot restore --from /mnt/backup/fleet",
    "<%= config.bin %> snapshot restore --from s3://bucket/fleet --dir .fleet --compare /mnt/old/n1/data",
  ];
  static override args = { snapshot: Args.string({ description: "Which one (default: the newest)" }) };
  static override flags = {
    dir: localFlags.dir,
    ...encryptionFlags,
    ...allowPlainFlag,
    ...revocationFlags,
    from: Flags.string({ summary: "A folder or s3://bucket/prefix (default: what fleet.yaml records)" }),
    data: Flags.string({ exclusive: ["dir"], summary: "Data folder of a node outside a local fleet" }),
    address: Flags.string({
      dependsOn: ["data"],
      summary: "host:port where that node is reached from now on (default: as exported)",
    }),
    name: Flags.string({ exclusive: ["data"], summary: "Name of a new local fleet (default: as exported)" }),
    node: Flags.string({ summary: "The node to restore as (default: the first voter)" }),
    compare: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      summary: "Old data folder of a lost node, to find out what is missing; may be given several times",
    }),
    reason: Flags.string({ summary: "Why; kept in the audit log" }),
    "dry-run": Flags.boolean({ summary: "Verify, say what would be done, and change nothing" }),
    yes: Flags.boolean({ summary: "Do not ask for the fleet's name" }),
  };

  async run(): Promise<RestoreReport> {
    const { args, flags } = await this.parse(SnapshotRestore);
    const [{ storeOf }, { takeSnapshot }, { compareFolders }, { planRestore }] = await Promise.all([
      import("../../client/snapshot/place.ts"),
      import("../../client/snapshot/reports.ts"),
      import("../../client/snapshot/missing.ts"),
      import("../../client/snapshot/plan-restore.ts"),
    ]);
    const directory = await this.folder(flags);
    const store = await storeOf(flags.from, "--from", directory);
    const encryption = await this.#encryption(flags, directory);
    const snapshot = await takeSnapshot(store, args.snapshot, encryption?.keys, flags["allow-plain"]);
    const compared = await compareFolders(flags.compare ?? [], snapshot.manifest, encryption?.keys);
    const { node = null, reason = "" } = flags;
    const kept = await this.#kept(flags, snapshot, compared, directory);
    const wish: RestoreWish = { snapshot, place: store.place, compared, node, reason, encryption, kept };
    const { data, name, address = "" } = flags;
    const where = data === undefined ? { directory, name } : { data: resolve(data), address };
    const plan = await planRestore(wish, where, await this.deps());
    if (flags["dry-run"]) return await this.#show(plan.preview);
    this.#say(plan.preview);
    const question = `make ${plan.preview.node} the only node of a new cluster from ${snapshot.name}`;
    await confirmByName(plan.preview.fleet, question, flags.yes, this.look(process.stderr).paint);
    return await this.#show(await plan.perform());
  }

  /** Beside those of the compared folders: what is left of the local fleet, and the named folders. */
  async #kept(
    flags: {
      readonly "revocations-from": readonly string[] | undefined;
      readonly "drop-revocations": boolean;
      readonly data: string | undefined;
      readonly compare: readonly string[] | undefined;
    },
    snapshot: RestoreWish["snapshot"],
    compared: RestoreWish["compared"],
    directory: string,
  ) {
    const [{ dataFolders, heldLists }, { keptBeside }, { findLocalFleet }] = await Promise.all([
      import("../../client/recover/kept-revocations.ts"),
      import("../../client/snapshot/kept-revocations.ts"),
      import("../../client/files/local-fleet.ts"),
    ]);
    const fleet = flags.data === undefined ? await findLocalFleet(directory) : null;
    const folders = [...(flags.compare ?? []), ...(fleet === null ? [] : dataFolders(fleet))];
    const lists = await heldLists(folders, flags["revocations-from"]);
    return keptBeside(snapshot, compared, { lists, drop: flags["drop-revocations"] });
  }

  /** What encrypts the folder that is made, and opens what is encrypted. */
  async #encryption(
    flags: Parameters<typeof encryptionSource>[0],
    directory: string,
  ): Promise<NonNullable<RestoreWish["encryption"]> | null> {
    const { findLocalFleet } = await import("../../client/files/local-fleet.ts");
    const fleet = await findLocalFleet(directory);
    const [source, keys] = [encryptionSource(flags, fleet), await encryptionKeys(flags, fleet)];
    return source === null || keys === null ? null : { source, keys };
  }

  // Before the question: what will be missing is to be read first.
  #say(report: RestoreReport): void {
    const { marks } = this.look(process.stderr).symbols;
    for (const { text, mark } of restoreLines(report)) this.note(`${marks[mark]} ${text}`);
  }

  async #show(report: RestoreReport): Promise<RestoreReport> {
    await this.printText(report, view);
    return report;
  }
}
