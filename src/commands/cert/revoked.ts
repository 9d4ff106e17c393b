// `fleet cert revoked`: what every port of the fleet refuses.
import type { Listed } from "../../client/all-pages.ts";
import type { ListRevocationsResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { limitFlag, listFlags, listOptions, prefixFlag } from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { revocationTable } from "../../ui/model/tables/revocation-table.ts";

const view = listView("Revocation", { revocations: revocationTable }, "nothing is revoked");

export default class CertRevoked extends FleetCommand {
  static override summary = "List revoked certificates and identities";
  static override examples = [
    "<%= config.bin %> cert revoked",
    "<%= config.bin %> cert revoked --prefix fleet://cluster/",
  ];
  static override flags = { ...listFlags, ...prefixFlag, ...limitFlag };

  async run(): Promise<Listed<ListRevocationsResponse>> {
    const { flags } = await this.parse(CertRevoked);
    const { prefix = "" } = flags;
    const options = { filter: { prefix }, ...listOptions(flags) };
    return await this.read(flags, { view, load: (client) => client.listRevocations(options) });
  }
}
