// `fleet engine migrate`: a local fleet's log goes from embedded Raft to an etcd cluster, or back (ADR-0060).
import { Flags } from "@oclif/core";
import type { MoveReport, Mover } from "../../client/engine/migrate.ts";
import { confirmByName } from "../../ui/cli/confirm.ts";
import { encryptionFlags, encryptionKeys, PLAIN_ETCD } from "../../ui/cli/encryption-flags.ts";
import { engineEntry, etcdFlags } from "../../ui/cli/engine-flags.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";
import type { TextView } from "../../ui/cli/view.ts";
import { isPlan, moveLines } from "../../ui/model/move-lines.ts";

/** `repeated`: makes the commands of a line mean this fleet. */
const view = (repeated: (text: string) => string): TextView<MoveReport> => ({
  kind: "EngineMove",
  name: ({ fleet }) => fleet,
  text: (report, { paint, symbols }) => {
    const [first = "", ...rest] = moveLines(report);
    const mark = isPlan(report) ? "unknown" : "good";
    return [paint.mark(mark, `${symbols.marks[mark]} ${first}`), ...rest.map(repeated)];
  },
});

type Ask = (what: string) => Promise<void>;

const WAYS = ["to", "abort", "finish"];

export default class EngineMigrate extends LocalCommand {
  static override summary = "Move a running fleet to another engine, with a way back";
  static override description =
    "Stops the coordinators of a local fleet, fences their log, copies the state to the other engine, compares its " +
    "hash, and starts them there. Shards and agents keep running; writes wait some seconds. Nothing is lost or applied " +
    "twice. If it was interrupted, the same command finishes it; etcd's flags are not needed again. Until the new engine is started, " +
    "--abort goes back to the old one. After that, migrate back with --to. --finish deletes the old engine's data.";
  static override examples = [
    "<%= config.bin %> engine migrate --to etcd --etcd 127.0.0.1:2379 --dry-run",
    "<%= config.bin %> engine migrate --to embedded",
    "<%= config.bin %> engine migrate --finish",
  ];
  static override flags = {
    ...localFlags,
    ...encryptionFlags,
    to: Flags.option({
      options: ["embedded", "etcd"] as const,
      exactlyOne: WAYS,
      summary: "The new engine: Raft among the coordinators, or an etcd cluster",
    })(),
    abort: Flags.boolean({
      exactlyOne: WAYS,
      summary: "Go back to the old engine; possible until the new one is started",
    }),
    finish: Flags.boolean({
      exactlyOne: WAYS,
      summary: "Delete the old engine's data: there is no way back to it then",
    }),
    ...etcdFlags("--to etcd"),
    "leave-groups": Flags.boolean({
      summary: "With --to etcd: leave keys and further groups behind, which etcd's engine does not host",
    }),
    "dry-run": Flags.boolean({ summary: "Check everything, and change nothing" }),
    yes: Flags.boolean({ summary: "Do not ask for the fleet's name" }),
  };

  async run(): Promise<MoveReport> {
    const { flags } = await this.parse(EngineMigrate);
    const [{ loadLocalFleet }, { unfinishedMove }] = await Promise.all([
      import("../../client/files/local-fleet.ts"),
      import("../../client/files/engine-move.ts"),
    ]);
    const fleet = await loadLocalFleet(await this.folder(flags));
    const mover = { fleet, deps: await this.deps(), keys: await encryptionKeys(flags, fleet) };
    const ask: Ask = (what) =>
      confirmByName(fleet.file.name, what, flags.yes, this.look(process.stderr).paint);
    if (flags.abort) return await this.#abort(mover, ask, flags["dry-run"]);
    if (flags.finish) return await this.#finish(mover, ask, flags["dry-run"]);
    const to = flags.to ?? "embedded";
    const unfinished = await unfinishedMove(fleet.directory);
    const given = to === "etcd" ? { ...flags, engine: to } : flags;
    const named = unfinished?.etcd ?? engineEntry(given, fleet.file.name, "--to etcd") ?? null;
    const [{ planMove }, { performMove, reportOf }] = await Promise.all([
      import("../../client/engine/plan-move.ts"),
      import("../../client/engine/migrate.ts"),
    ]);
    const move = await planMove(mover, { to, etcd: named, leavesGroups: flags["leave-groups"] });
    if (to === "etcd" && mover.keys !== null) this.note(PLAIN_ETCD);
    if (flags["dry-run"]) return await this.#show(reportOf(mover, move, "would-move"));
    await ask(`stop the coordinators of ${fleet.file.name} and move its log to the ${to} engine`);
    return await this.#show(await performMove(mover, move));
  }

  async #abort(mover: Mover, ask: Ask, isDryRun: boolean): Promise<MoveReport> {
    const { abortable, abortMove, reportOf } = await import("../../client/engine/migrate.ts");
    const move = await abortable(mover);
    if (isDryRun) return await this.#show(reportOf(mover, move, "would-abort"));
    await ask(`give up the unfinished move of ${mover.fleet.file.name}`);
    return await this.#show(await abortMove(mover, move));
  }

  async #finish(mover: Mover, ask: Ask, isDryRun: boolean): Promise<MoveReport> {
    const [{ finishable, finishMoves }, { reportOf }] = await Promise.all([
      import("../../client/engine/plan-move.ts"),
      import("../../client/engine/migrate.ts"),
    ]);
    const move = await finishable(mover);
    if (isDryRun) return await this.#show(reportOf(mover, move, "would-finish"));
    await ask(`delete the data that the old engine of ${mover.fleet.file.name} left`);
    return await this.#show(await finishMoves(mover, move));
  }

  async #show(report: MoveReport): Promise<MoveReport> {
    await this.printText(
      report,
      view((text) => this.repeated(text)),
    );
    return report;
  }
}
