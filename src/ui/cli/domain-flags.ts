// Flags that name a topology domain, which is a key and a value: topology.kubernetes.io/zone=eu-1a.
import { Args, Flags } from "@oclif/core";
import type { DomainId } from "../../client/domains/domain-id.ts";
import { present } from "../../core/base/assert.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { indexFlag } from "./fleet-flags.ts";
import { objectOf } from "./object-argument.ts";

/** Throws `OperatorError` (usage) for a text that is no KEY=VALUE. */
async function parseDomain(text: string): Promise<DomainId> {
  const [, key, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (key !== undefined && value !== undefined) return { key, value };
  throw new OperatorError("USAGE", {
    what: `${text} is not a topology domain`,
    next: "give it as KEY=VALUE, for example topology.kubernetes.io/zone=eu-1a",
    exit: Exit.Usage,
  });
}

export const domainArgument = Args.custom<DomainId>({
  description: "The topology domain, as KEY=VALUE",
  parse: parseDomain,
})();

/** The domain of a command: its argument, or the flag of earlier builds. */
export function domainOf(argument: DomainId | undefined, alias: DomainId | undefined): DomainId {
  const textOf = (domain: DomainId | undefined) => domain && `${domain.key}=${domain.value}`;
  objectOf(textOf(argument), textOf(alias), "DOMAIN");
  return present(argument ?? alias, "one of both was given");
}

export const domainFlags = {
  domain: Flags.custom<DomainId>({ hidden: true, parse: parseDomain })(),
  "expect-version": indexFlag(
    0,
    "Only if the assignment is at this version now (0: only if it does not exist)",
  ),
};
