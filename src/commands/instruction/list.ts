// `fleet instruction list`: what shards were told about domains and have not accepted, or have refused.
import type { Listed } from "../../client/all-pages.ts";
import type { FleetReads } from "../../client/fleet-reads.ts";
import type { ListInstructionsResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { domainKeyFlag, limitFlag, listFlags, listOptions, shardFlag } from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import {
  type InstructionRow,
  instructionRow,
  instructionTable,
} from "../../ui/model/tables/instruction-table.ts";

interface InstructionReport extends Omit<Listed<ListInstructionsResponse>, "instructions"> {
  readonly instructions: readonly InstructionRow[];
}

const view = listView(
  "Instruction",
  { instructions: instructionTable },
  "shards have accepted all instructions",
);

export default class InstructionList extends FleetCommand {
  static override summary = "List instructions that shards have refused or not accepted yet";
  static override examples = [
    "<%= config.bin %> instruction list",
    "<%= config.bin %> instruction list --shard s1",
  ];
  static override flags = { ...listFlags, ...shardFlag, ...domainKeyFlag, ...limitFlag };

  async run(): Promise<InstructionReport> {
    const { flags } = await this.parse(InstructionList);
    const { shard: shardId = "", "domain-key": key = "" } = flags;
    const options = { filter: { shardId, key }, ...listOptions(flags) };
    const load = async (client: FleetReads) => report(await client.listInstructions(options));
    return await this.read(flags, { view, load });
  }
}

function report(reply: Listed<ListInstructionsResponse>): InstructionReport {
  return { ...reply, instructions: reply.instructions.map(instructionRow) };
}
