// `fleet lease keep-alive`: a lease lives as long as this command runs.
import { Args, Flags } from "@oclif/core";
import { EtcdCommand, storeChangeFlags } from "../../ui/cli/etcd-command.ts";
import { endChange } from "../../ui/cli/pipes.ts";

interface KeepAliveReport {
  readonly id: string;
  readonly ttlSeconds: number;
}

export default class LeaseKeepAlive extends EtcdCommand {
  static override summary = "Keep a lease alive";
  static override description =
    "It sends three keep-alives in each TTL, until Ctrl-C or until the lease ends. With --once it sends one. Exits with 3 when the lease has ended.";
  static override examples = ["<%= config.bin %> lease keep-alive 694d7c8f3a2b1c04"];
  static override args = { lease: Args.string({ required: true, description: "The lease, in hexadecimal" }) };
  static override flags = {
    ...storeChangeFlags,
    once: Flags.boolean({ summary: "Send one keep-alive and end" }),
  };

  async run(): Promise<KeepAliveReport> {
    const { args, flags } = await this.parse(LeaseKeepAlive);
    const [{ parseLease }, { renewLease }, { systemWaitClock }] = await Promise.all([
      import("../../client/etcd/lease-id.ts"),
      import("../../client/etcd/renew-lease.ts"),
      import("../../core/base/wait-clock.ts"),
    ]);
    const id = parseLease(args.lease);
    const store = await this.writableStore(flags);
    // It has no end of its own to finish: without a reader it ends, as a watch does.
    endChange();
    this.onInterrupt(() => `lease ${args.lease} is not kept alive any more`);
    for (;;) {
      const ttlSeconds = await renewLease(store, id, flags.timeout);
      const report = { id: args.lease, ttlSeconds };
      await this.printText(report, {
        kind: "LeaseKeepAlive",
        name: () => report.id,
        text: () => [`lease ${report.id} lasts ${ttlSeconds} s`],
      });
      if (flags.once) return report;
      await systemWaitClock.sleep((ttlSeconds * 1000) / 3);
    }
  }
}
