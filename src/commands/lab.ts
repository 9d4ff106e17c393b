// `fleet lab`: loads a fleet as hundreds of shards and thousands of clusters would, which no one machine could deploy.
import { Flags } from "@oclif/core";
import type { FleetClient } from "../client/fleet-client.ts";
import type { FillOptions } from "../client/lab/fill-lab.ts";
import type { LabResetReport } from "../client/lab/reset-lab.ts";
import { Exit } from "../core/base/errors.ts";
import type { LabReport } from "../core/lab/lab-report.ts";
import { type LabSize, SIZES, type SizeName } from "../core/lab/size.ts";
import { allowChange } from "../ui/cli/allow-change.ts";
import { FleetCommand } from "../ui/cli/fleet-command.ts";
import { durationFlag } from "../ui/cli/fleet-flags.ts";
import { counts, labView } from "../ui/cli/lab-view.ts";
import type { TextView } from "../ui/cli/view.ts";

const PROGRESS_EVERY_MS = 1_000;

const resetView: TextView<LabResetReport> = {
  kind: "LabReset",
  text: ({ removed }) => [`removed ${counts(removed)}`],
};

export default class Lab extends FleetCommand {
  static override summary = "Fill a fleet with lab shards, clusters and domains, and load it";
  static override description =
    "Simulates shards and clusters in this process. They speak the real protocol to the real coordinators over one connection, so the cost of connections is not measured. Every row it makes is named lab-…; --reset removes exactly those (removed shards stay listed as removed). It asks for the fleet's name, since it changes the fleet; --yes skips the question. A second run continues from the existing rows.";
  static override examples = [
    "<%= config.bin %> lab --size S --duration 30s",
    "<%= config.bin %> lab --shards 50 --clusters 5000 --domains 20000 --yes -o json",
    "<%= config.bin %> lab --reset",
  ];
  static override flags = {
    size: Flags.option({
      options: ["S", "M", "L"] as const,
      default: "S" as const,
      summary: "3 shards, 20 clusters, 500 domains; 20, 2000, 10000; or 200, 20000, 100000",
    })(),
    shards: Flags.integer({ min: 1, max: 1_000, summary: "Number of shards, instead of the size's" }),
    clusters: Flags.integer({ min: 1, max: 100_000, summary: "Number of clusters, instead of the size's" }),
    domains: Flags.integer({
      min: 1,
      max: 1_000_000,
      summary: "Number of topology domains, instead of the size's",
    }),
    shortfalls: Flags.integer({ min: 0, max: 100_000, summary: "Number of shortfalls, at most 100 a shard" }),
    "report-every": durationFlag({ summary: "Interval of each shard's reports" }),
    duration: durationFlag({
      summary: "How long to load it",
      default: 60_000,
      defaultHelp: async () => "1m",
    }),
    rate: Flags.integer({ min: 0, max: 1_000, default: 10, summary: "Domains moved a second" }),
    "dial-every": durationFlag({
      summary: "Interval at which an agent dials another shard",
      default: 10_000,
      defaultHelp: async () => "10s",
    }),
    reset: Flags.boolean({ summary: "Remove what the lab has made, and load nothing" }),
    yes: Flags.boolean({ summary: "Do not ask for the fleet's name" }),
  };

  async run(): Promise<LabReport | LabResetReport> {
    const { flags } = await this.parse(Lab);
    const client = await this.client(flags);
    const { name } = client.target;
    await this.confirm(name, `${flags.reset ? "remove the lab from" : "load"} fleet ${name}`, flags.yes);
    await allowChange(client.target, this.words);
    const stop = new AbortController();
    const options = { signal: stop.signal, onProgress: progress((text) => this.note(text)) };
    const work = flags.reset
      ? this.#reset(client, options)
      : this.#load(client, options, sizeOf(flags), flags);
    this.onInterrupt(async () => {
      stop.abort();
      await work;
      return "interrupted; its rows stay until: fleet lab --reset";
    });
    return await work;
  }

  async #reset(client: FleetClient, options: FillOptions): Promise<LabResetReport> {
    const { resetLab } = await import("../client/lab/reset-lab.ts");
    const report = await resetLab(client, options);
    await this.printText(report, resetView);
    return report;
  }

  async #load(
    client: FleetClient,
    options: FillOptions,
    size: LabSize,
    flags: LoadFlags,
  ): Promise<LabReport> {
    const { runLab } = await import("../client/lab/run-lab.ts");
    const { duration: durationMs, rate: writesPerSecond, "dial-every": dialEveryMs } = flags;
    const report = await runLab(client, { ...options, size, durationMs, writesPerSecond, dialEveryMs });
    await this.printText(report, labView);
    this.exitWith(Exit.Ok);
    return report;
  }
}

interface LoadFlags {
  readonly duration: number;
  readonly rate: number;
  readonly "dial-every": number;
}

interface SizeFlags {
  readonly size: SizeName;
  readonly shards: number | undefined;
  readonly clusters: number | undefined;
  readonly domains: number | undefined;
  readonly shortfalls: number | undefined;
  readonly "report-every": number | undefined;
}

function sizeOf(flags: SizeFlags): LabSize {
  const size = SIZES[flags.size];
  return {
    shards: flags.shards ?? size.shards,
    clusters: flags.clusters ?? size.clusters,
    domains: flags.domains ?? size.domains,
    quotas: size.quotas,
    shortfalls: flags.shortfalls ?? size.shortfalls,
    reportEveryMs: flags["report-every"] ?? size.reportEveryMs,
  };
}

/** A line when a phase begins to move, each second, and when it is done. */
function progress(note: (text: string) => void): FillOptions["onProgress"] {
  let saidMs = 0;
  return (phase, done, total) => {
    const now = performance.now();
    if (done < total && now - saidMs < PROGRESS_EVERY_MS) return;
    saidMs = now;
    note(`  ${phase} ${done}/${total}`);
  };
}
