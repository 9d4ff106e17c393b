// `fleet cluster unbind`: takes a cluster's binding away. With --force also during a migration, or from under an agent.
import { Args, Flags } from "@oclif/core";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { aliasFlag, objectOf } from "../../ui/cli/object-argument.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class ClusterUnbind extends WriteCommand {
  static override summary = "Remove the binding of a cluster";
  static override description =
    "Stop its agent first, if it has one. Its shard drops the cluster at its next report. You can bind the cluster " +
    "again at once. Refused during a migration and while its agent has a session. Refused also until the " +
    "leader has heard its shard, unless the shard is dead. --force unbinds it anyway, ends the migration, and " +
    "asks for the cluster's name. While the gate first-contact is on, an agent that still dials binds the " +
    "cluster again.";
  static override examples = [
    '<%= config.bin %> cluster unbind c1 --reason "decommissioned"',
    "<%= config.bin %> cluster unbind c1 --force --dry-run",
  ];
  static override args = { cluster: Args.string({ description: "The cluster" }) };
  static override flags = {
    ...mutationFlags,
    cluster: aliasFlag(),
    force: Flags.boolean({ summary: "Unbind also during a migration, or while its agent has a session" }),
    yes: Flags.boolean({ summary: "Do not ask" }),
    "expect-version": indexFlag(
      0,
      "Only if the binding is at this version now (0: only if it does not exist)",
    ),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(ClusterUnbind);
    const { force, yes, "expect-version": expectedVersion } = flags;
    const cluster = objectOf(args.cluster, flags.cluster, "CLUSTER");
    const value = { clusterId: cluster, force, expectedVersion };
    const operation = { $case: "unbindCluster" as const, value };
    if (force && !flags["dry-run"]) {
      // Asked before anything else, so that the question can say what is at stake.
      const { summary } = await (await this.writer(flags)).tryOut({ kind: operation });
      const question = `unbind cluster ${cluster}${summary === "" ? "" : `, which ${summary}`}`;
      await this.confirm(cluster, question, yes);
    }
    return await this.write(flags, {
      operation,
      would: `would unbind cluster ${cluster}`,
      done: `unbound cluster ${cluster}`,
      already: `cluster ${cluster} was not bound`,
      unknown: async (client) => {
        const { unknownCluster } = await import("../../client/cluster-facts.ts");
        return await unknownCluster(client, cluster);
      },
    });
  }
}
