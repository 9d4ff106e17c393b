// `fleet lease list`: the leases, how long each has left, and how many keys it has.
import { EtcdCommand } from "../../ui/cli/etcd-command.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";
import { type LeaseRow, leaseTable } from "../../ui/model/tables/lease-table.ts";

interface LeaseList {
  readonly leases: readonly LeaseRow[];
}

const view = listView("Lease", { leases: leaseTable }, "there are no leases");

export default class LeaseListCommand extends EtcdCommand {
  static override summary = "List leases";
  static override examples = ["<%= config.bin %> lease list"];
  static override flags = { ...tableFlags };

  async run(): Promise<LeaseList> {
    const { flags } = await this.parse(LeaseListCommand);
    const { listLeaseFacts } = await import("../../client/etcd/lease-facts.ts");
    const leases = (await listLeaseFacts(await this.store(flags))).map(({ keys, ...lease }) => ({
      ...lease,
      keyCount: keys.length,
    }));
    const report = { leases };
    await this.print(report, view);
    return report;
  }
}
