// `fleet role grant ROLE --to OPERATOR`: the operator may do from now on what the role allows.
import { Args, Flags } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class RoleGrant extends WriteCommand {
  static override summary = "Grant a role to an operator";
  static override description =
    "The operator is the holder of a certificate for fleet://operator/NAME (fleet cert issue --role operator --name NAME). An operator may have several roles; each adds permissions.";
  static override examples = ['<%= config.bin %> role grant team-a --to alice --reason "joins team a"'];
  static override args = { role: Args.string({ required: true, description: "The role" }) };
  static override flags = {
    ...mutationFlags,
    to: Flags.string({ required: true, helpValue: "OPERATOR", summary: "The operator's name" }),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(RoleGrant);
    const { role } = args;
    const { to: operator } = flags;
    return await this.write(flags, {
      operation: { $case: "grantRole", value: { operator, role } },
      would: `would grant role ${role} to operator ${operator}`,
      done: `granted role ${role} to operator ${operator}`,
      already: `operator ${operator} had role ${role} already`,
    });
  }
}
