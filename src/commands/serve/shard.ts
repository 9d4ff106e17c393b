// `fleet serve shard`: one shard, in the foreground. It needs no coordinator to serve.
import { Flags } from "@oclif/core";
import { durationFlag } from "../../ui/cli/fleet-flags.ts";
import { roleFlags, ServeCommand, tlsFlags } from "../../ui/cli/serve-command.ts";

export default class ServeShard extends ServeCommand {
  static override summary = "Run one shard in the foreground";
  static override description =
    "A shard serves the agents of its clusters from its own records, and reports to the coordinators when it can.";
  static override flags = {
    ...tlsFlags,
    ...roleFlags,
    id: Flags.string({ required: true, summary: "The shard's name" }),
    listen: Flags.string({ required: true, summary: "host:port to listen on" }),
    advertise: Flags.string({ summary: "host:port that agents dial, if it differs from --listen" }),
    coordinators: Flags.string({ default: "", summary: "Coordinators as host:port, comma-separated" }),
    data: Flags.string({ required: true, summary: "Data folder" }),
    "report-interval": durationFlag({
      default: 3_000,
      defaultHelp: async () => "3s",
      summary: "Time between reports",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServeShard);
    const { startShard } = await import("../../core/shard/shard-server.ts");
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
        version: this.config.version,
        log,
      }),
    );
  }
}
