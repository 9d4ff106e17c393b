// `fleet recover`: what is left of a fleet that has lost its quorum, and, when told to, a new cluster from it. Offline.
import { Flags } from "@oclif/core";
import type { LocalFleet } from "../client/files/local-fleet.ts";
import type { Looked } from "../client/recover/look.ts";
import type { RecoveryPlan } from "../client/recover/plan.ts";
import type { RecoveryReport } from "../client/recover/recover-fleet.ts";
import { Exit } from "../core/base/errors.ts";
import type { Diagnosis, NodeFinding } from "../core/recover/diagnosis.ts";
import type { OperatorKeys } from "../core/seal/operator-keys.ts";
import { confirmByName } from "../ui/cli/confirm.ts";
import { encryptionFlags, encryptionKeys } from "../ui/cli/encryption-flags.ts";
import { LocalCommand, localFlags } from "../ui/cli/local-command.ts";
import { tableFlags } from "../ui/cli/output-flags.ts";
import { revocationFlags } from "../ui/cli/revocation-flags.ts";
import type { TableView, TextView } from "../ui/cli/view.ts";
import { keptRevocationLines } from "../ui/model/kept-revocation-lines.ts";
import {
  clockLines,
  consequenceLines,
  recoveryLines,
  recoveryTable,
} from "../ui/model/tables/recovery-table.ts";

const FORCE = ["force-new-cluster"];

const diagnosisView: TableView<Diagnosis, NodeFinding> = {
  kind: "RecoveryDiagnosis",
  rowKind: "StoppedNode",
  table: recoveryTable,
  rows: (report) => report.nodes,
  lines: recoveryLines,
  empty: "no nodes",
};

const recoveryView: TextView<RecoveryReport> = {
  kind: "Recovery",
  name: (report) => report.node,
  text: (report, { paint, symbols }) => {
    const mark = report.dryRun ? "unknown" : "good";
    const does = report.dryRun ? "would become" : "is now";
    return [
      paint.mark(mark, `${symbols.marks[mark]} ${report.node} ${does} the only node of a new cluster`),
      `  cluster  ${report.clusterId}, formerly ${report.formerClusterId}`,
      `  log      from index ${report.index} in term ${report.term}`,
      ...(report.epoch === null ? [] : [`  epoch    ${report.epoch}`]),
      `  backup   ${report.backup}`,
      ...(report.setAside.length > 0 ? [`  aside    ${report.setAside.join(", ")}`] : []),
      ...(report.next.length > 0 ? ["", ...report.next.map((line) => `next: ${line}`)] : []),
    ];
  },
};

interface RecoverFlagValues {
  readonly data: readonly string[] | undefined;
  readonly node: string | undefined;
  readonly "accept-behind": boolean;
  readonly reason: string | undefined;
  readonly "dry-run": boolean;
  readonly yes: boolean;
  readonly "revocations-from": readonly string[] | undefined;
  readonly "drop-revocations": boolean;
}

export default class Recover extends LocalCommand {
  static override summary = "Look at a stopped fleet, or recover it from a lost quorum";
  static override description =
    "Reads the data folders of the stopped nodes. Shows the last index of each, the furthest one, whether a " +
    "quorum is left, and what may be lost. Exits with 5 without a quorum, and with 9 while a node runs. " +
    "--force-new-cluster makes one survivor the only node of a new cluster. It asks for the fleet's name and " +
    "keeps a backup. The new cluster has a new id, so that no old node can rejoin. If it was interrupted, the " +
    "same command finishes it.";
  static override examples = [
    "<%= config.bin %> recover",
    "<%= config.bin %> recover --force-new-cluster --reason 'n2 and n3 lost their disks'",
    "<%= config.bin %> recover --data /var/lib/fleet/n1/data",
  ];
  static override flags = {
    ...tableFlags,
    ...localFlags,
    ...encryptionFlags,
    ...revocationFlags,
    data: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      exclusive: ["dir"],
      summary: "Data folder of a stopped node outside a local fleet; may be given several times",
    }),
    "force-new-cluster": Flags.boolean({ summary: "Make one survivor the only node of a new cluster" }),
    node: Flags.string({
      dependsOn: FORCE,
      summary: "The survivor to recover from (default: the one with the longest log)",
    }),
    "accept-behind": Flags.boolean({
      dependsOn: [...FORCE, "node"],
      summary: "Recover from --node although another survivor holds more entries",
    }),
    reason: Flags.string({ dependsOn: FORCE, summary: "Why; kept in the audit log" }),
    "dry-run": Flags.boolean({ dependsOn: FORCE, summary: "Say what would be done, and change nothing" }),
    yes: Flags.boolean({ dependsOn: FORCE, summary: "Do not ask for the fleet's name" }),
  };

  async run(): Promise<Diagnosis | RecoveryReport> {
    const { flags } = await this.parse(Recover);
    const fleet = flags.data === undefined ? await this.#fleet(flags) : null;
    const keys = await encryptionKeys(flags, fleet);
    const looked = await this.#look(fleet, flags.data ?? [], keys);
    return flags["force-new-cluster"]
      ? await this.#recover(fleet, looked, flags, keys)
      : await this.#diagnose(looked);
  }

  async #diagnose({ places }: Looked): Promise<Diagnosis> {
    const { diagnosePlaces } = await import("../client/recover/plan.ts");
    const report = diagnosePlaces(places);
    await this.print(report, diagnosisView);
    if (report.verdict === "running") this.exitWith(Exit.Precondition);
    else if (report.verdict !== "quorum") this.exitWith(Exit.NoQuorum);
    return report;
  }

  async #recover(
    fleet: LocalFleet | null,
    looked: Looked,
    flags: RecoverFlagValues,
    keys: OperatorKeys | null,
  ): Promise<RecoveryReport> {
    const [{ planRecovery }, { recoverFolder, recoverLocalFleet, recoveryPreview }] = await Promise.all([
      import("../client/recover/plan.ts"),
      import("../client/recover/recover-fleet.ts"),
    ]);
    const { node = null, reason = "", "accept-behind": acceptBehind } = flags;
    const revocations = await this.#revocations(fleet, looked, flags);
    const plan = await planRecovery(looked, { node, reason, acceptBehind, revocations }, Date.now());
    this.#say(plan);
    if (flags["dry-run"]) return await this.#show(recoveryPreview(plan));
    const name = fleet?.file.name ?? plan.node;
    const question = `make ${plan.node} the only node of a new cluster`;
    await confirmByName(name, question, flags.yes, this.look(process.stderr).paint);
    const report =
      fleet === null
        ? await recoverFolder(plan, (step) => this.note(step), undefined, keys)
        : await recoverLocalFleet(fleet, plan, await this.deps(), keys);
    return await this.#show(report);
  }

  async #revocations(fleet: LocalFleet | null, { places }: Looked, flags: RecoverFlagValues) {
    const { dataFolders, heldLists } = await import("../client/recover/kept-revocations.ts");
    const folders = fleet === null ? places.flatMap(({ directory }) => directory ?? []) : dataFolders(fleet);
    const drop = flags["drop-revocations"];
    return { lists: await heldLists(folders, flags["revocations-from"]), drop };
  }

  async #fleet(flags: { readonly dir: string | undefined }): Promise<LocalFleet> {
    const { loadLocalFleet } = await import("../client/files/local-fleet.ts");
    return await loadLocalFleet(await this.folder(flags));
  }

  async #look(
    fleet: LocalFleet | null,
    folders: readonly string[],
    keys: OperatorKeys | null,
  ): Promise<Looked> {
    const { lookAtFleet, lookAtFolders } = await import("../client/recover/look.ts");
    if (fleet === null) return await lookAtFolders(folders, keys);
    return await lookAtFleet(fleet, (await this.deps()).processes, keys);
  }

  // Before the question, and beside the data: what it means is to be read first.
  #say({ consequences, clockBehindMs, kept }: RecoveryPlan): void {
    if (consequences === null) this.note("finishing an interrupted recovery");
    const { marks } = this.look(process.stderr).symbols;
    const lines = [
      ...(consequences === null ? [] : consequenceLines(consequences)),
      ...keptRevocationLines(kept),
      ...clockLines(clockBehindMs),
    ];
    for (const { text, mark } of lines) {
      this.note(`${marks[mark]} ${text}`);
    }
  }

  async #show(report: RecoveryReport): Promise<RecoveryReport> {
    await this.printText(report, recoveryView);
    return report;
  }
}
