// `fleet provider remove NAME`: removes a provider that has no quotas.
import { Args } from "@oclif/core";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { notThere, WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class ProviderRemove extends WriteCommand {
  static override summary = "Remove a provider";
  static override description = "Refused while quotas of it remain.";
  static override examples = ["<%= config.bin %> provider remove aws"];
  static override args = { provider: Args.string({ required: true, description: "The provider" }) };
  static override flags = {
    ...mutationFlags,
    "expect-version": indexFlag(0, "Only if its row is at this version now"),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(ProviderRemove);
    const { provider: name } = args;
    const value = { name, expectedVersion: flags["expect-version"] };
    return await this.write(flags, {
      operation: { $case: "removeProvider", value },
      would: `would remove provider ${name}`,
      done: `removed provider ${name}`,
      already: `there is no provider ${name}`,
      unknown: notThere(
        "PROVIDER_UNKNOWN",
        `there is no provider ${name}`,
        "see the providers: fleet provider list",
      ),
    });
  }
}
