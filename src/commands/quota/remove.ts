// `fleet quota remove`: takes a quota away, with all its slices.
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { quotaFlags } from "../../ui/cli/quota-flags.ts";
import { notThere, WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class QuotaRemove extends WriteCommand {
  static override summary = "Remove a quota, with all its slices";
  static override examples = ["<%= config.bin %> quota remove --provider aws --region eu-west-1"];
  static override flags = { ...mutationFlags, ...quotaFlags };

  async run(): Promise<WriteReport> {
    const { flags } = await this.parse(QuotaRemove);
    const { provider, region, "expect-version": expectedVersion } = flags;
    const name = `quota ${provider}/${region}`;
    return await this.write(flags, {
      operation: { $case: "removeQuota", value: { provider, region, expectedVersion } },
      would: `would remove ${name}`,
      done: `removed ${name}`,
      already: `there is no ${name}`,
      unknown: notThere("QUOTA_UNKNOWN", `there is no ${name}`, "see the quotas: fleet quota list"),
    });
  }
}
