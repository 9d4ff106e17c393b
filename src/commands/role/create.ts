// `fleet role create NAME`: makes a role of rules, or replaces the rules of one that is there.
import { Args } from "@oclif/core";
import { OperatorError } from "../../core/base/errors.ts";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { ruleFlag } from "../../ui/cli/role-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";
import { ruleText } from "../../ui/model/role-rules.ts";

export default class RoleCreate extends WriteCommand {
  static override summary = "Make a role: a set of rules that operators can be granted";
  static override description =
    'A rule consists of verbs, tables and name patterns. Verbs and tables are named like the commands: fleet shard drain s1 needs "drain shard s1". In a name, * matches any text; domains are named KEY=VALUE, quotas PROVIDER/REGION. Commands that put something on a shard (bind, rebind, assign) also need "use shard NAME". Rules only allow: everything else is refused. Only fleet://admin changes roles, and no role limits it. --expect-version replaces all rules of an existing role.';
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
      summary: "A rule, with comma-separated verbs, tables and names; may be given several times",
    }),
    "expect-version": indexFlag(
      0,
      "Only if the role is at this version now (default: 0, only if it does not exist)",
    ),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(RoleCreate);
    const { role: name } = args;
    const { allow: rules, "expect-version": expectedVersion = 0 } = flags;
    const what = `role ${name}, which may ${rules.map(ruleText).join("; ")}`;
    const written = this.write(flags, {
      operation: { $case: "setRole", value: { name, rules, expectedVersion } },
      would: `would set ${what}`,
      done: `set ${what}`,
      already: `role ${name} already has these rules`,
    });
    return await written.catch((error: unknown) => {
      throw expectedVersion === 0 ? existing(name, error) : error;
    });
  }
}

/** A role that was to be made is there: no other writer changed what this one knew. */
function existing(name: string, error: unknown): unknown {
  if (!(error instanceof OperatorError) || error.code !== "VERSION_CONFLICT") return error;
  const { current = "" } = error.parts;
  return new OperatorError(error.code, {
    ...error.parts,
    what: `role ${name} exists already`,
    next: `see its rules: fleet role show ${name}; to replace them all, add --expect-version ${current}`,
  });
}
