// `fleet lease show`: how long a lease has left, and its keys.
import { Args } from "@oclif/core";
import type { LeaseFacts } from "../../client/etcd/lease-facts.ts";
import { EtcdCommand } from "../../ui/cli/etcd-command.ts";
import type { TextView } from "../../ui/cli/view.ts";
import { bytesText } from "../../ui/model/byte-text.ts";

const view: TextView<LeaseFacts> = {
  kind: "Lease",
  name: ({ id }) => id,
  text: ({ id, ttlSeconds, grantedTtlSeconds, keys }, { paint, symbols }) => [
    paint.mark(
      "good",
      `${symbols.marks.good} lease ${id} has ${ttlSeconds} s of ${grantedTtlSeconds} s left`,
    ),
    ...keys.map((key) => `  ${bytesText(Buffer.from(key, "base64"), { hex: false })}`),
  ],
};

export default class LeaseShow extends EtcdCommand {
  static override summary = "Show a lease and its keys";
  static override examples = ["<%= config.bin %> lease show 694d7c8f3a2b1c04"];
  static override args = { lease: Args.string({ required: true, description: "The lease, in hexadecimal" }) };

  async run(): Promise<LeaseFacts> {
    const { args, flags } = await this.parse(LeaseShow);
    const [{ leaseFacts }, { parseLease }] = await Promise.all([
      import("../../client/etcd/lease-facts.ts"),
      import("../../client/etcd/lease-id.ts"),
    ]);
    const facts = await leaseFacts(await this.store(flags), parseLease(args.lease));
    await this.printText(facts, view);
    return facts;
  }
}
