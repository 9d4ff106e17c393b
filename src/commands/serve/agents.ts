// `fleet serve agents`: many clusters' agents in one process, each dialing the shard that a file names.
import { Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { durationFlag } from "../../ui/cli/fleet-flags.ts";
import {
  authoritiesIn,
  authorityFlags,
  roleFlags,
  ServeCommand,
  tlsFlags,
} from "../../ui/cli/serve-command.ts";

export default class ServeAgents extends ServeCommand {
  static override summary = "Run the agents of many clusters in the foreground";
  static override description =
    "Reads the file again on SIGHUP. An agent that gets another shard's address first withdraws its demand from the old shard. It then waits until that shard has reclaimed the cluster's machines.";
  static override flags = {
    ...roleFlags,
    "insecure-loopback": tlsFlags["insecure-loopback"],
    file: Flags.string({ required: true, summary: "YAML file: agents: [{cluster, shardAddr, demand}]" }),
    certs: Flags.string({ summary: "Folder of ca.crt and each cluster's <cluster>.crt and <cluster>.key" }),
    "shard-ca": authorityFlags["shard-ca"],
    "agent-ca": authorityFlags["agent-ca"],
    "drain-grace": durationFlag({
      default: 600_000,
      defaultHelp: async () => "10m",
      summary: "How long a moving agent waits for its old shard to reclaim the machines",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServeAgents);
    const certsDirectory = flags.certs ?? (flags["insecure-loopback"] ? "insecure-loopback" : null);
    if (certsDirectory === null) {
      throw new OperatorError("TLS_MISSING", {
        what: "--certs is missing",
        why: "every port of a fleet uses mutual TLS",
        next: "give the folder, or --insecure-loopback for a test on this machine",
        exit: Exit.Usage,
      });
    }
    const { startAgentHost } = await import("../../core/agent/agent-host.ts");
    const { agentTuning } = await import("../../core/agent/agent.ts");
    const { certificatesIn } = await import("../../core/metrics/certificate-metrics.ts");
    const leave = { ...agentTuning.leave, drainMs: flags["drain-grace"] };
    const tuning = { ...agentTuning, leave };
    const certificates = () => certificatesIn(certsDirectory);
    await this.serve({ process: "agents", flags, certificates }, (log) =>
      startAgentHost({
        ...{ file: flags.file, certsDirectory, log, tuning },
        authorities: authoritiesIn({ ...flags, "peer-ca": undefined, "operator-ca": undefined }),
      }),
    );
  }
}
