// `fleet quota set`: how many machines of a provider in a region shards may use, and how many of them each.
import { Flags } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { quotaFlags, sliceFlag } from "../../ui/cli/quota-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class QuotaSet extends WriteCommand {
  static override summary = "Set a quota, with the slice of each shard";
  static override description =
    "Replaces the limit and all slices: a shard that is not named loses its slice. The slices must not add up to more than the limit, nor the limits to more than the provider declares.";
  static override examples = [
    "<%= config.bin %> quota set --provider aws --region eu-west-1 --limit 5000 --slice s1=3000 --slice s2=2000",
  ];
  static override flags = {
    ...mutationFlags,
    ...quotaFlags,
    limit: Flags.integer({
      required: true,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      summary: "Machines in all",
    }),
    slice: sliceFlag({ multiple: true, default: [], summary: "A shard's slice; may be given several times" }),
  };

  async run(): Promise<WriteReport> {
    const { flags } = await this.parse(QuotaSet);
    const { provider, region, limit, slice: slices, "expect-version": expectedVersion } = flags;
    const name = `quota ${provider}/${region}`;
    const parts = `${slices.length} ${slices.length === 1 ? "slice" : "slices"}`;
    return await this.write(flags, {
      operation: { $case: "setQuota", value: { provider, region, limit, slices, expectedVersion } },
      would: `would set ${name} to ${limit} in ${parts}`,
      done: `set ${name} to ${limit} in ${parts}`,
      already: `${name} already has these values`,
    });
  }
}
