// `fleet auth whoami`: who the client's certificate is to the fleet, and by which roles it may change something.
import type { CheckAccessResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { liveFlags } from "../../ui/cli/output-flags.ts";
import type { TextView } from "../../ui/cli/view.ts";
import { accessWords } from "../../ui/model/access-words.ts";

const view: TextView<CheckAccessResponse> = {
  kind: "Whoami",
  name: ({ identity }) => identity,
  text: (access) => [access.identity, `  ${accessWords(access)}`],
};

export default class AuthWhoami extends FleetCommand {
  static override summary = "Show your identity and your roles";
  static override examples = ["<%= config.bin %> auth whoami"];
  static override flags = { ...liveFlags };

  async run(): Promise<CheckAccessResponse> {
    const { flags } = await this.parse(AuthWhoami);
    const load = { operator: "", permission: undefined };
    return await this.read(flags, { view, load: (client) => client.checkAccess(load) });
  }
}
