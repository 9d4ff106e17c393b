// `fleet domain unassign`: takes a topology domain from the shard that has it.
import { DomainCommand, waitFlag } from "../../ui/cli/domain-command.ts";
import { domainArgument, domainFlags, domainOf } from "../../ui/cli/domain-flags.ts";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { notThere, type Write, type WriteReport } from "../../ui/cli/write-command.ts";

export default class DomainUnassign extends DomainCommand {
  static override summary = "Unassign a topology domain from its shard";
  static override examples = ["<%= config.bin %> domain unassign topology.kubernetes.io/zone=eu-1a"];
  static override args = { domain: domainArgument };
  static override flags = { ...mutationFlags, ...waitFlag, ...domainFlags };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(DomainUnassign);
    const { "expect-version": expectedVersion } = flags;
    const domain = domainOf(args.domain, flags.domain);
    const name = `${domain.key}=${domain.value}`;
    const write: Write = {
      operation: { $case: "unassignDomain", value: { ...domain, expectedVersion } },
      would: `would take domain ${name} from its shard`,
      done: `domain ${name} is no longer assigned`,
      already: `domain ${name} was not assigned`,
      unknown: notThere(
        "DOMAIN_UNKNOWN",
        `domain ${name} is not assigned`,
        "see the assigned domains: fleet domain list",
      ),
    };
    return await this.write(flags, write, flags.wait ? () => this.untilAccepted(flags, [domain]) : null);
  }
}
