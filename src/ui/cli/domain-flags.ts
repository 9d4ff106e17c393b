// Flags that name a topology domain, which is a key and a value: topology.kubernetes.io/zone=eu-1a.
import { Flags } from "@oclif/core";
import type { DomainId } from "../../client/domains/domain-id.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { indexFlag } from "./fleet-flags.ts";

const domainFlag = Flags.custom<DomainId>({
  helpValue: "KEY=VALUE",
  parse: async (text) => {
    const [, key, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (key !== undefined && value !== undefined) return { key, value };
    throw new OperatorError("USAGE", {
      what: `${text} is not a topology domain`,
      next: "give it as KEY=VALUE, for example topology.kubernetes.io/zone=eu-1a",
      exit: Exit.Usage,
    });
  },
});

export const domainFlags = {
  domain: domainFlag({ required: true, summary: "The topology domain" }),
  "expect-version": indexFlag(
    0,
    "Only if the assignment is at this version now (0: only if it does not exist)",
  ),
};
