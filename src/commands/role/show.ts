// `fleet role show NAME`: what one role allows, rule by rule, and all operators that have it.
import { Args } from "@oclif/core";
import type { FleetReads } from "../../client/fleet-reads.ts";
import type { RoleReport } from "../../client/role-named.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { freshness, freshnessFlags } from "../../ui/cli/list-flags.ts";
import { liveFlags } from "../../ui/cli/output-flags.ts";
import type { TextView } from "../../ui/cli/view.ts";
import { ruleText } from "../../ui/model/role-rules.ts";

const view: TextView<RoleReport> = {
  kind: "Role",
  name: ({ role }) => role.role?.name ?? "",
  text: ({ role: { role, operators } }) => [
    `role ${role?.name}, version ${role?.version}`,
    ...(role?.rules ?? []).map((rule) => `  may ${ruleText(rule)}`),
    ...(operators.length === 0
      ? ["  no operator has it"]
      : operators.map((name) => `  operator ${name} has it`)),
  ],
};

export default class RoleShow extends FleetCommand {
  static override summary = "Show a role: its rules and its operators";
  static override examples = ["<%= config.bin %> role show team-a"];
  static override args = { role: Args.string({ required: true, description: "The role" }) };
  static override flags = { ...liveFlags, ...freshnessFlags };

  async run(): Promise<RoleReport> {
    const { args, flags } = await this.parse(RoleShow);
    const load = async (client: FleetReads) => {
      const { roleNamed } = await import("../../client/role-named.ts");
      return await roleNamed(client, args.role, freshness(flags));
    };
    return await this.read(flags, { view, load });
  }
}
