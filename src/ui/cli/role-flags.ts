// Flags of a role's rules, and of who gets it.
import { Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { RoleRule } from "../../core/wire/gen/fleet/v1/command.ts";
import { parseRule } from "../model/role-rules.ts";

export const ruleFlag = Flags.custom<RoleRule>({
  helpValue: '"VERBS TABLES NAMES"',
  parse: async (text) => {
    const rule = parseRule(text);
    if (rule !== null) return rule;
    throw new OperatorError("USAGE", {
      what: `${text} is not a rule of a role`,
      next: 'give it as "VERBS TABLES NAMES", for example "drain,use shard a-*"',
      exit: Exit.Usage,
    });
  },
});
