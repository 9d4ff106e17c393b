// `fleet auth can-i VERB TABLE NAME`: whether the client may do that now, as the leader would judge it. Exits with 1 if not.
import { Args, Flags } from "@oclif/core";
import type { FleetReads } from "../../client/fleet-reads.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { CheckAccessResponse, GrantedRule } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { readFlags } from "../../ui/cli/output-flags.ts";
import type { TableView, TextView } from "../../ui/cli/view.ts";
import { accessRules, accessWords } from "../../ui/model/access-words.ts";
import { accessTable } from "../../ui/model/tables/access-table.ts";

const answer: TextView<CheckAccessResponse> = {
  kind: "AccessCheck",
  name: ({ allowed }) => yesOrNo(allowed),
  text: ({ allowed }) => [yesOrNo(allowed)],
};

const rules: TableView<CheckAccessResponse, GrantedRule> = {
  kind: "AccessList",
  rowKind: "GrantedRule",
  table: accessTable,
  rows: accessRules,
  lines: (access) => [{ text: `${access.identity} ${accessWords(access)}`, mark: "good" }],
  empty: "",
};

const yesOrNo = (allowed: boolean) => (allowed ? "yes" : "no");

export default class AuthCanI extends FleetCommand {
  static override summary = "Show whether you may do something, or all that you may do";
  static override description =
    "Prints yes, or prints no and exits with 1. Verbs and tables are named like the commands. Without NAME it asks for all names. Administrators may ask for an operator.";
  static override examples = [
    "<%= config.bin %> auth can-i rebind cluster c1",
    "<%= config.bin %> auth can-i drain shard s1 --as alice",
    "<%= config.bin %> auth can-i --list",
  ];
  static override args = {
    verb: Args.string({ description: "For example drain" }),
    table: Args.string({ description: "For example shard" }),
    name: Args.string({ description: "For example s1; a domain is KEY=VALUE, a quota PROVIDER/REGION" }),
  };
  static override flags = {
    ...readFlags,
    as: Flags.string({ helpValue: "OPERATOR", summary: "Ask for this operator (administrators only)" }),
    list: Flags.boolean({ summary: "List what you may do" }),
  };

  async run(): Promise<CheckAccessResponse> {
    const { args, flags } = await this.parse(AuthCanI);
    const { verb, table, name = "*" } = args;
    const { as: operator = "", list } = flags;
    if (list) {
      if (verb !== undefined) throw usage("--list takes no VERB");
      const load = (client: FleetReads) => client.checkAccess({ operator, permission: undefined });
      return await this.read(flags, { view: rules, load });
    }
    if (verb === undefined || table === undefined) throw usage("VERB and TABLE are missing");
    const load = (client: FleetReads) => client.checkAccess({ operator, permission: { verb, table, name } });
    const exit = ({ allowed }: CheckAccessResponse) => (allowed ? Exit.Ok : Exit.Failure);
    return await this.read(flags, { view: answer, load, exit });
  }
}

function usage(what: string): OperatorError {
  const next = "fleet auth can-i VERB TABLE [NAME], or fleet auth can-i --list";
  return new OperatorError("USAGE", { what, next, exit: Exit.Usage });
}
