// `fleet role create NAME`: makes a role of rules, or replaces the rules of one that is there.
import { Args } from "@oclif/core";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { ruleFlag } from "../../ui/cli/role-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";
import { ruleText } from "../../ui/model/role-rules.ts";

export default class RoleCreate extends WriteCommand {
  static override summary = "Make a role: what operators who have it may do";
  static override description =
    'A rule is verbs, tables and patterns of names. Tables and verbs are called as the commands are: fleet shard drain s1 takes "drain shard s1". In a name * stands for any text; a domain is called KEY=VALUE, a quota PROVIDER/REGION. What puts something on a shard (bind, rebind, assign) takes "use shard NAME" too. Rules only allow: what no rule allows is refused. Only fleet://admin changes roles, and no role limits it. With --expect-version all rules of a role that is there are replaced.';
  static override examples = [
    '<%= config.bin %> role create team-a --allow "drain,activate,use shard a-*" --allow "bind,rebind cluster a-*"',
    '<%= config.bin %> role create capacity --allow "set quota aws/*" --expect-version 812',
  ];
  static override args = { role: Args.string({ required: true, description: "The role" }) };
  static override flags = {
    ...mutationFlags,
    allow: ruleFlag({
      multiple: true,
      multipleNonGreedy: true,
      required: true,
      summary: "What it allows; verbs, tables and names are comma-separated. May be given several times",
    }),
    "expect-version": indexFlag(
      0,
      "Only if the role is at this version now (default: 0, only if there is none)",
    ),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(RoleCreate);
    const { role: name } = args;
    const { allow: rules, "expect-version": expectedVersion = 0 } = flags;
    const what = `role ${name}, which may ${rules.map(ruleText).join("; ")}`;
    return await this.write(flags, {
      operation: { $case: "setRole", value: { name, rules, expectedVersion } },
      would: `would set ${what}`,
      done: `set ${what}`,
      already: `role ${name} was so already`,
    });
  }
}
