// What the commands that give domains to shards share: `--wait` until the shards have accepted that.
import { Flags } from "@oclif/core";
import type { DomainId } from "../../client/domains/domain-id.ts";
import { WriteCommand, type WriteFlagValues } from "./write-command.ts";

export const waitFlag = {
  wait: Flags.boolean({
    summary: "Wait until the shards have accepted it, at most --timeout",
    exclusive: ["dry-run"],
  }),
};

export abstract class DomainCommand extends WriteCommand {
  protected async untilAccepted(flags: WriteFlagValues, domains: readonly DomainId[]): Promise<void> {
    const [{ waitUntilAccepted }, { systemWaitClock: clock }] = await Promise.all([
      import("../../client/domains/wait-accepted.ts"),
      import("../../core/base/wait-clock.ts"),
    ]);
    this.onInterrupt(
      () => "it is committed, and the leader repeats the instructions: fleet instruction list",
    );
    const onChange = (words: string) => this.note(words);
    await waitUntilAccepted(await this.client(flags), domains, {
      timeoutMs: flags.timeout,
      clock,
      onChange,
    });
    this.note("every shard has accepted its instructions");
  }
}
