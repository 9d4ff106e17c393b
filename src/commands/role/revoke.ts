// `fleet role revoke ROLE --from OPERATOR`: from the next entry of the log on the operator may not do what it allowed.
import { Args, Flags } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class RoleRevoke extends WriteCommand {
  static override summary = "Revoke a role from an operator";
  static override description =
    "After the answer, the role allows the operator nothing, including calls in progress. Reading stays allowed: the certificate allows that.";
  static override examples = ['<%= config.bin %> role revoke team-a --from alice --reason "leaves team a"'];
  static override args = { role: Args.string({ required: true, description: "The role" }) };
  static override flags = {
    ...mutationFlags,
    from: Flags.string({ required: true, helpValue: "OPERATOR", summary: "The operator's name" }),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(RoleRevoke);
    const { role } = args;
    const { from: operator } = flags;
    return await this.write(flags, {
      operation: { $case: "revokeRole", value: { operator, role } },
      would: `would revoke role ${role} from operator ${operator}`,
      done: `revoked role ${role} from operator ${operator}`,
      already: `operator ${operator} had no role ${role}`,
    });
  }
}
