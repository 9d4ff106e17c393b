// A command that changes the fleet by one write: `--dry-run` shows what it would do, otherwise it is submitted and
// answered once it is committed and applied, with the index from which a read sees it.
import type { FleetClient } from "../../client/fleet-client.ts";
import { OperatorError } from "../../core/base/errors.ts";
import type { Operation } from "../../core/wire/gen/fleet/v1/command.ts";
import type { Preview } from "../model/preview.ts";
import { allowChange } from "./allow-change.ts";
import { FleetCommand } from "./fleet-command.ts";
import type { TargetFlagValues } from "./fleet-flags.ts";
import type { TextView } from "./view.ts";

export interface WriteFlagValues extends TargetFlagValues {
  readonly reason: string | undefined;
  readonly "dry-run": boolean;
  readonly timeout: number;
}

export interface Write {
  readonly operation: NonNullable<Operation["kind"]>;
  /** Said when it changed something: "bound cluster c1 to shard s1". */
  readonly done: string;
  /** Said when the state already was as asked for. */
  readonly already: string;
  readonly preview: (client: FleetClient) => Promise<Preview>;
}

export interface WriteReport {
  readonly changed: boolean;
  readonly dryRun: boolean;
  readonly what: string;
  /** `null` in a dry run, which writes nothing. */
  readonly index: number | null;
  readonly term: number | null;
  readonly version: number | null;
}

const view: TextView<WriteReport> = {
  kind: "Write",
  text: ({ what, index, dryRun }, { paint, symbols }) => {
    const mark = dryRun ? "unknown" : "good";
    return [
      paint.mark(mark, `${symbols.marks[mark]} ${what}`) +
        (index === null ? "" : paint.faint(` (index ${index})`)),
    ];
  },
};

export abstract class WriteCommand extends FleetCommand {
  protected async write(flags: WriteFlagValues, write: Write): Promise<WriteReport> {
    const client = await this.client(flags);
    if (!flags["dry-run"]) await allowChange(client.target, this.words, flags.reason);
    const report = flags["dry-run"]
      ? dryRunReport(await write.preview(client))
      : await submit(client, flags, write);
    await this.printText(report, view);
    return report;
  }
}

async function submit(client: FleetClient, flags: WriteFlagValues, write: Write): Promise<WriteReport> {
  const operation = { kind: write.operation };
  const options = { reason: flags.reason ?? "", deadlineMs: flags.timeout };
  const { changed, index, term, version } = await client.submit(operation, options);
  return { changed, index, term, version, dryRun: false, what: changed ? write.done : write.already };
}

function dryRunReport(preview: Preview): WriteReport {
  if (preview.kind === "refused") {
    const { code, what, next, exit } = preview;
    throw new OperatorError(code, { what, next, why: "this is a dry run: nothing was sent", exit });
  }
  const { kind, what } = preview;
  return { changed: kind === "change", dryRun: true, what, index: null, term: null, version: null };
}
