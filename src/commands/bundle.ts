// `fleet bundle [FILE]`: one file with all that a colleague needs to look at a sick fleet on another machine.
import { randomBytes } from "node:crypto";
import { Args, Flags } from "@oclif/core";
import { shellWord } from "../core/base/shell-word.ts";
import { FleetCommand } from "../ui/cli/fleet-command.ts";
import type { TextView } from "../ui/cli/view.ts";

interface BundleReport {
  readonly file: string;
  readonly bytes: number;
  readonly anonymized: boolean;
  readonly missing: readonly { readonly what: string; readonly why: string }[];
}

const LINES = 2_000;
const LINES_MAX = 100_000;

const view: TextView<BundleReport> = {
  kind: "Bundle",
  name: ({ file }) => file,
  text: ({ file, bytes, missing }, { paint, symbols }) => [
    paint.mark("good", `${symbols.marks.good} written to ${file} (${Math.ceil(bytes / 1024)} KB)`),
    ...missingLines(missing).map((line) => paint.mark("warn", `${symbols.marks.warn} ${line}`)),
    `next: fleet status --from ${shellWord(file)}`,
  ],
};

/** One line for each cause: without a leader, all lists are missing. */
function missingLines(missing: BundleReport["missing"]): string[] {
  const causes = [...new Set(missing.map(({ why }) => why))];
  return causes.map((cause) => {
    const whats = missing.filter(({ why }) => why === cause).map(({ what }) => what);
    return `missing: ${whats.join(", ")}: ${cause}`;
  });
}

export default class BundleCommand extends FleetCommand {
  static override summary = "Collect a fleet's state in one file, for a colleague to look at";
  static override description =
    "The file has the status, all tables, the newest 10 000 audit entries and the findings of fleet doctor. Of a local fleet it also has fleet.yaml, metrics, the ends of logs and the last crash. Keys and credentials are left out. Commands that read a fleet show it with --from FILE. A node, a quorum or all coordinators may be down. The file says what is missing. docs/bundle.md has the format.";
  static override examples = [
    "<%= config.bin %> bundle",
    "<%= config.bin %> bundle sick.bundle --anonymize",
    "<%= config.bin %> shard list --from sick.bundle",
  ];
  static override args = {
    file: Args.string({
      description: "A new file (default: fleet-TIME.bundle in the current folder)",
    }),
  };
  static override flags = {
    anonymize: Flags.boolean({
      summary: "Replace names, addresses and paths by pseudonyms, and leave out the reasons of changes",
    }),
    tail: Flags.integer({
      min: 0,
      max: LINES_MAX,
      default: LINES,
      helpValue: "N",
      summary: "The newest N lines of each log, at most 1 MB",
    }),
  };

  protected override get isLookingOnly(): boolean {
    return true;
  }

  async run(): Promise<BundleReport> {
    const { args, flags } = await this.parse(BundleCommand);
    const nowMs = Date.now();
    const file = args.file ?? `fleet-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, "-")}.bundle`;
    const [{ collectBundle }, { writeBundle }] = await Promise.all([
      import("../client/bundle/make-bundle.ts"),
      import("../client/bundle/bundle-file.ts"),
    ]);
    const client = await this.client(flags);
    const bundle = await collectBundle(client, {
      ...{ version: this.config.version, nowMs, linesMax: flags.tail, env: process.env },
      anonymousKey: flags.anonymize ? randomBytes(32) : null,
    });
    const bytes = await writeBundle(file, bundle);
    const missing = bundle.sections.flatMap((section) =>
      section.section === "missing" ? [{ what: section.what, why: section.why }] : [],
    );
    const report = { file, bytes, anonymized: flags.anonymize, missing };
    await this.printText(report, view);
    return report;
  }
}
