// `fleet lock`: a command that runs while a lock is held.
import { Args } from "@oclif/core";
import { HOLD_DESCRIPTION, HoldCommand, holdFlags, nameAndCommand } from "../ui/cli/hold-command.ts";

export default class Lock extends HoldCommand {
  static override summary = "Run a command while holding a lock";
  static override description =
    `${HOLD_DESCRIPTION} The lock is the one of etcdctl lock and of clientv3/concurrency, in the same queue.`;
  static override examples = [
    "<%= config.bin %> lock backups -- ./backup.sh",
    "<%= config.bin %> lock deploy --within 30s --ttl 30s -- make deploy",
  ];
  // The command's own words.
  static override strict = false;
  static override args = { name: Args.string({ description: "The lock's name, then -- and the command" }) };
  static override flags = { ...holdFlags };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Lock);
    const { name, words } = nameAndCommand(argv);
    await this.holdAndRun(flags, name, new Uint8Array(0), words);
  }
}
