// `fleet lease revoke`: a lease ends now, and its keys are deleted.
import { Args } from "@oclif/core";
import { EtcdCommand, storeChangeFlags } from "../../ui/cli/etcd-command.ts";

interface RevokeReport {
  readonly id: string;
  readonly revision: string;
}

export default class LeaseRevoke extends EtcdCommand {
  static override summary = "End a lease and delete its keys";
  static override examples = ["<%= config.bin %> lease revoke 694d7c8f3a2b1c04"];
  static override args = { lease: Args.string({ required: true, description: "The lease, in hexadecimal" }) };
  static override flags = { ...storeChangeFlags };

  async run(): Promise<RevokeReport> {
    const { args, flags } = await this.parse(LeaseRevoke);
    const [{ revokeLease }, { leaseName, parseLease }] = await Promise.all([
      import("../../client/etcd/store-calls.ts"),
      import("../../client/etcd/lease-id.ts"),
    ]);
    const id = parseLease(args.lease);
    const { header } = await revokeLease(await this.writableStore(flags), id);
    const report = { id: leaseName(id), revision: String(header?.revision ?? 0) };
    await this.printText(report, {
      kind: "LeaseRevoke",
      name: (revoked) => revoked.id,
      text: (revoked, { paint, symbols }) => [
        paint.mark(
          "good",
          `${symbols.marks.good} lease ${revoked.id} was revoked, and its keys were deleted`,
        ),
      ],
    });
    return report;
  }
}
