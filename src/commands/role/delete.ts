// `fleet role delete NAME`: deletes a role that no operator has.
import { Args } from "@oclif/core";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { notThere, WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class RoleDelete extends WriteCommand {
  static override summary = "Delete a role that no operator has";
  static override description =
    "Refused while an operator has it: revoke it from each first (fleet role revoke).";
  static override examples = ["<%= config.bin %> role delete team-a"];
  static override args = { role: Args.string({ required: true, description: "The role" }) };
  static override flags = {
    ...mutationFlags,
    "expect-version": indexFlag(1, "Only if the role is at this version now"),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(RoleDelete);
    const { role: name } = args;
    return await this.write(flags, {
      operation: { $case: "deleteRole", value: { name, expectedVersion: flags["expect-version"] } },
      would: `would delete role ${name}`,
      done: `deleted role ${name}`,
      already: `there is no role ${name}`,
      unknown: notThere("ROLE_UNKNOWN", `there is no role ${name}`, "see the roles: fleet role list"),
    });
  }
}
