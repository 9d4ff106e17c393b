// `fleet elect`: a command that runs while this process leads an election.
import { Args, Flags } from "@oclif/core";
import { HOLD_DESCRIPTION, HoldCommand, holdFlags, nameAndCommand, ownName } from "../ui/cli/hold-command.ts";

export default class Elect extends HoldCommand {
  static override summary = "Run a command while leading an election";
  static override description =
    `${HOLD_DESCRIPTION} The election is the one of etcdctl elect and of clientv3/concurrency: the leader's key has its --value, which observers see.`;
  static override examples = ["<%= config.bin %> elect scheduler --value host-7 -- ./scheduler"];
  // The command's own words.
  static override strict = false;
  static override args = {
    name: Args.string({ description: "The election's name, then -- and the command" }),
  };
  static override flags = {
    ...holdFlags,
    value: Flags.string({ summary: "What observers see of the leader (default: this host and process id)" }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Elect);
    const { name, words } = nameAndCommand(argv);
    await this.holdAndRun(flags, name, Buffer.from(flags.value ?? ownName()), words);
  }
}
