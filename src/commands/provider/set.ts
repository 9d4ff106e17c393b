// `fleet provider set NAME`: registers a provider of machines, or changes what it declares.
import { Args, Flags } from "@oclif/core";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class ProviderSet extends WriteCommand {
  static override summary = "Register a provider of machines, or change it";
  static override description =
    "The limits of its quotas must not add up to more than --declared-quota; a lower value is refused with " +
    "the sum. Without --region, its region stays.";
  static override examples = [
    "<%= config.bin %> provider set aws --address ec2.eu-west-1.example:443 --declared-quota 50000 --region eu",
  ];
  static override args = { provider: Args.string({ required: true, description: "The provider" }) };
  static override flags = {
    ...mutationFlags,
    address: Flags.string({ required: true, helpValue: "HOST:PORT", summary: "Where it is reached" }),
    "declared-quota": Flags.integer({
      required: true,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      summary: "Number of machines that it grants in total",
    }),
    region: Flags.string({
      summary: "Its region; '' removes it",
      defaultHelp: async () => "as it is",
    }),
    "expect-version": indexFlag(0, "Only if its row is at this version now (0: only if it does not exist)"),
  };

  protected override readonly meaningfulWhenEmpty = ["region"];

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(ProviderSet);
    const { provider: name } = args;
    const {
      address,
      region = "",
      "declared-quota": declaredQuota,
      "expect-version": expectedVersion,
    } = flags;
    const keepRegion = flags.region === undefined;
    const value = { name, address, region, declaredQuota, expectedVersion, keepRegion };
    const what = `provider ${name} at ${address} with ${declaredQuota} machines`;
    const where = keepRegion ? "" : `, in ${region === "" ? "no region" : `region ${region}`}`;
    return await this.write(flags, {
      operation: { $case: "upsertProvider", value },
      would: `would set ${what}${where}`,
      done: `set ${what}${where}`,
      already: `provider ${name} already has these values`,
    });
  }
}
