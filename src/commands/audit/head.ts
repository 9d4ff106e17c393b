// `fleet audit head`: the newest audit entry's hash, which stands for all entries before it.
import type { FleetReads } from "../../client/fleet-reads.ts";
import type { End } from "../../core/audit/check-chain.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { liveFlags } from "../../ui/cli/output-flags.ts";
import type { TextView } from "../../ui/cli/view.ts";

const view: TextView<End> = {
  kind: "AuditHead",
  name: ({ hash }) => hash,
  text: ({ index, hash }) => [`index ${index}`, `hash  ${hash}`],
};

export default class AuditHead extends FleetCommand {
  static override summary = "Show the hash of the newest audit entry, to keep elsewhere";
  static override description =
    "Keep it where the fleet's operators cannot change it. Later, fleet audit verify --head HASH proves that no entry up to it was changed. The fleet or the given export must still hold that entry.";
  static override examples = [
    "<%= config.bin %> audit head",
    "<%= config.bin %> audit head -o name > head.txt",
  ];
  static override flags = liveFlags;

  async run(): Promise<End> {
    const { flags } = await this.parse(AuditHead);
    return await this.read(flags, { view, load: headOf });
  }
}

async function headOf(fleet: FleetReads): Promise<End> {
  const { auditHead } = await import("../../client/audit/verify-audit.ts");
  const head = await auditHead(fleet);
  if (head !== null) return head;
  throw new OperatorError("AUDIT_NOT_CHAINED", {
    what: "no audit entry has a hash yet",
    why: "entries are chained from cluster version 2 on",
    next: "see which nodes are too old: fleet status",
    exit: Exit.Precondition,
  });
}
