// `fleet cert revoked`: what every port of the fleet refuses.
import type { Listed } from "../../client/all-pages.ts";
import type { Revocation } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ListRevocationsResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { freshness, limited, limitFlag, listFlags, prefixFlag } from "../../ui/cli/list-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { limitLines } from "../../ui/model/limit.ts";
import { revocationTable } from "../../ui/model/tables/revocation-table.ts";

const view: TableView<Listed<ListRevocationsResponse>, Revocation> = {
  kind: "RevocationList",
  rowKind: "Revocation",
  table: revocationTable,
  rows: (reply) => reply.revocations,
  lines: limitLines,
  empty: "nothing is revoked",
};

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
    const options = { filter: { prefix }, ...limited(flags), ...freshness(flags) };
    return await this.read(flags, { view, load: (client) => client.listRevocations(options) });
  }
}
