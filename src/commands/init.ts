// `fleet init`: a local fleet of real processes, in seconds; run again, it starts what is stopped and makes nothing.
import { Flags } from "@oclif/core";
import type { InitReport } from "../client/local/init.ts";
import { encryptionFlags, encryptionKeys, encryptionSource, PLAIN_ETCD } from "../ui/cli/encryption-flags.ts";
import { engineEntry, engineFlags } from "../ui/cli/engine-flags.ts";
import { LocalCommand, localFlags } from "../ui/cli/local-command.ts";

export default class Init extends LocalCommand {
  static override summary = "Make and start a local fleet";
  static override description =
    "Makes certificates, configuration and background processes in .fleet or --dir. If the folder has a fleet, it only starts what does not run; it never bootstraps a fleet twice.";
  static override examples = [
    "<%= config.bin %> init",
    "<%= config.bin %> init --shards 3 --clusters 12",
    "<%= config.bin %> init --shards 2 --clusters 4 --machines machines.yaml",
  ];
  static override flags = {
    ...localFlags,
    ...encryptionFlags,
    name: Flags.string({ summary: "The fleet's name (default: local)" }),
    nodes: Flags.option({
      options: ["1", "3", "5"] as const,
      summary: "Coordinators (default: 3)",
    })(),
    shards: Flags.integer({ min: 0, max: 64, summary: "Shards to run beside them (default: 0)" }),
    clusters: Flags.integer({ min: 0, max: 5_000, summary: "Clusters whose agents to run (default: 0)" }),
    profile: Flags.option({
      options: ["lan", "wan"] as const,
      summary: "Timings (default: lan)",
    })(),
    machines: Flags.string({
      summary:
        "Give each shard a copy of this YAML file as its own: machines: [{instanceType, zone, count, domain}]",
    }),
    "separate-authorities": Flags.boolean({
      summary: "An authority each for coordinators, shards, agents and operators (default: one for all)",
    }),
    "in-process": Flags.boolean({
      summary:
        "Run all coordinators in one process, which needs less memory; none can be killed or paused alone",
    }),
    ...engineFlags,
    "snapshot-to": Flags.string({
      summary: "Export verified snapshots every 5 minutes to this folder or s3://bucket/prefix",
    }),
  };

  async run(): Promise<InitReport> {
    const { flags } = await this.parse(Init);
    this.onInterrupt(() => "interrupted: nothing was made");
    const { initFleet } = await import("../client/local/init.ts");
    const { absolutePlace } = await import("../core/export/open-store.ts");
    const { name, shards, clusters, profile, "snapshot-to": to } = flags;
    const snapshotTo = to === undefined ? undefined : absolutePlace(to, process.cwd());
    const { machinesText } = await import("../client/files/machines-text.ts");
    const machines = flags.machines === undefined ? undefined : await machinesText(flags.machines);
    const encryption = encryptionSource(flags) ?? undefined;
    // A key that can't be used is refused before anything is made.
    await encryptionKeys(flags);
    const engine = engineEntry(flags, name ?? "local");
    if (engine !== undefined && encryption !== undefined) this.note(PLAIN_ETCD);
    const directory = await this.folder(flags);
    const report = await initFleet(
      {
        directory,
        name,
        nodes: nodeCount(flags.nodes),
        shards,
        clusters,
        profile,
        snapshotTo,
        machines,
        encryption,
        engine,
        separateAuthorities: flags["separate-authorities"],
        inProcess: flags["in-process"],
      },
      await this.startingDeps(directory),
    );
    await this.printStarted(report);
    return report;
  }
}

const COUNTS = { "1": 1, "3": 3, "5": 5 } as const;

function nodeCount(text: keyof typeof COUNTS | undefined): 1 | 3 | 5 | undefined {
  return text === undefined ? undefined : COUNTS[text];
}
