// `fleet lease grant`: a lease, whose keys are deleted when it ends.
import { Args, Flags } from "@oclif/core";
import { parseDuration } from "../../core/base/duration.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { EtcdCommand, storeChangeFlags } from "../../ui/cli/etcd-command.ts";

interface GrantReport {
  /** Hexadecimal. */
  readonly id: string;
  readonly ttlSeconds: number;
}

export default class LeaseGrant extends EtcdCommand {
  static override summary = "Grant a lease";
  static override description =
    "Keys that are put with --lease are deleted when it ends. The server may choose a longer time than was asked for.";
  static override examples = [
    "<%= config.bin %> lease grant 30s",
    "<%= config.bin %> lease grant 60 -o name",
  ];
  static override args = {
    ttl: Args.string({
      required: true,
      description: "How long it lasts without a keep-alive: 30s, 5m, or seconds",
    }),
  };
  static override flags = {
    ...storeChangeFlags,
    id: Flags.string({
      helpValue: "LEASE",
      summary: "Its id, in hexadecimal (default: the server's choice)",
    }),
  };

  async run(): Promise<GrantReport> {
    const { args, flags } = await this.parse(LeaseGrant);
    const [{ grantLease }, { leaseName, parseLease }] = await Promise.all([
      import("../../client/etcd/store-calls.ts"),
      import("../../client/etcd/lease-id.ts"),
    ]);
    const wanted = { TTL: secondsOf(args.ttl), ID: flags.id === undefined ? "0" : parseLease(flags.id) };
    const { ID, TTL } = await grantLease(await this.writableStore(flags), wanted);
    const report = { id: leaseName(ID), ttlSeconds: TTL };
    await this.printText(report, {
      kind: "LeaseGrant",
      name: ({ id }) => id,
      text: ({ id, ttlSeconds }, { paint, symbols }) => [
        paint.mark("good", `${symbols.marks.good} lease ${id} was granted for ${ttlSeconds} s`),
      ],
    });
    return report;
  }
}

function secondsOf(text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : (parseDuration(text) ?? 0);
  if (ms > 0 && Number.isSafeInteger(ms)) return Math.ceil(ms / 1000);
  throw new OperatorError("USAGE", {
    what: `${text} is not a time to live`,
    next: "give seconds, or a number with its unit: 30s, 5m",
    exit: Exit.Usage,
  });
}
