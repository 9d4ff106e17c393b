// `fleet domain assign`: gives a topology domain to a shard, with a compare-and-set when it is moved.
import { Flags } from "@oclif/core";
import { DomainCommand, waitFlag } from "../../ui/cli/domain-command.ts";
import { domainArgument, domainFlags, domainOf } from "../../ui/cli/domain-flags.ts";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { aliasFlag, objectOf } from "../../ui/cli/object-argument.ts";
import type { Write, WriteReport } from "../../ui/cli/write-command.ts";

export default class DomainAssign extends DomainCommand {
  static override summary = "Assign a topology domain to a shard";
  static override description =
    "Moving a domain that another shard has needs --expect-version, so that two operators do not undo each other's changes. --wait waits until the shards have accepted it; it exits with 6 after --timeout.";
  static override examples = [
    "<%= config.bin %> domain assign topology.kubernetes.io/zone=eu-1a --to s1 --wait --timeout 1m",
    "<%= config.bin %> domain assign topology.kubernetes.io/zone=eu-1a --to s2 --expect-version 1",
  ];
  static override args = { domain: domainArgument };
  static override flags = {
    ...mutationFlags,
    ...waitFlag,
    ...domainFlags,
    to: Flags.string({ helpValue: "SHARD", summary: "The shard that will have it" }),
    shard: aliasFlag(),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(DomainAssign);
    const { "expect-version": expectedVersion } = flags;
    const domain = domainOf(args.domain, flags.domain);
    const shard = objectOf(flags.to, flags.shard, "--to");
    const name = `${domain.key}=${domain.value}`;
    const write: Write = {
      operation: { $case: "assignDomain", value: { ...domain, shardId: shard, expectedVersion } },
      would: `would assign domain ${name} to shard ${shard}`,
      done: `assigned domain ${name} to shard ${shard}`,
      already: `domain ${name} was assigned to shard ${shard} already`,
    };
    return await this.write(flags, write, flags.wait ? () => this.untilAccepted(flags, [domain]) : null);
  }
}
