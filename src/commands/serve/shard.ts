// `fleet serve shard`: one shard, in the foreground. It needs no coordinator to serve.
import { Flags } from "@oclif/core";
import { durationFlag } from "../../ui/cli/fleet-flags.ts";
import { authorityFlags, roleFlags, ServeCommand, tlsFlags } from "../../ui/cli/serve-command.ts";

export default class ServeShard extends ServeCommand {
  static override summary = "Run one shard in the foreground";
  static override description =
    "A shard serves the agents of its clusters from its own disk, and reports to the coordinators while it reaches them. It reads the machines file again on SIGHUP.";
  static override flags = {
    ...tlsFlags,
    ...authorityFlags,
    ...roleFlags,
    id: Flags.string({ required: true, summary: "The shard's name" }),
    listen: Flags.string({ required: true, summary: "host:port to listen on" }),
    advertise: Flags.string({ summary: "host:port that agents dial (default: --listen)" }),
    coordinators: Flags.string({ default: "", summary: "Coordinators as host:port, comma-separated" }),
    data: Flags.string({ required: true, summary: "Data folder" }),
    "report-interval": durationFlag({
      default: 3_000,
      defaultHelp: async () => "3s",
      summary: "Time between reports",
    }),
    region: Flags.string({ default: "", summary: "Region of its machines" }),
    zone: Flags.string({ default: "", summary: "Zone of the shard itself" }),
    machines: Flags.string({ summary: "YAML file: machines: [{instanceType, zone, count, domain}]" }),
    cycle: durationFlag({
      default: 10_000,
      defaultHelp: async () => "10s",
      summary: "Time between rounds of the scheduler",
    }),
    "reclaim-percent": Flags.integer({
      default: 5,
      min: 1,
      max: 100,
      summary: "Largest share of a cluster's unwanted machines that one round reclaims",
    }),
    "drain-grace": durationFlag({
      default: 600_000,
      defaultHelp: async () => "10m",
      summary: "Time after which all unwanted machines of a cluster are reclaimed at once",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServeShard);
    const { startShard } = await import("../../core/shard/shard-server.ts");
    const machines = flags.machines === undefined ? {} : { machinesFile: flags.machines };
    const certificates = this.certificates(flags);
    await this.serve({ process: "shard", flags, certificates }, (log) =>
      startShard({
        shardId: flags.id,
        listen: flags.listen,
        ...(flags.advertise === undefined ? {} : { advertise: flags.advertise }),
        dataDirectory: flags.data,
        coordinators: flags.coordinators.split(",").filter((address) => address !== ""),
        tls: this.tls(flags),
        reportIntervalMs: flags["report-interval"],
        ...{ region: flags.region, zone: flags.zone, ...machines },
        cycleIntervalMs: flags.cycle,
        pace: { fraction: flags["reclaim-percent"] / 100, graceMs: flags["drain-grace"] },
        version: this.config.version,
        log,
      }),
    );
  }
}
