// A command that changes the fleet by one write. With `--dry-run` the leader only says what it would answer. Otherwise
// the answer comes once the write is committed and applied. It has the index from which a read sees the write.
import type { FleetClient, Written } from "../../client/fleet-client.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { Operation } from "../../core/wire/gen/fleet/v1/command.ts";
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
  /** Said by a dry run that would change something: "would bind cluster c1 to shard s1". */
  readonly would: string;
  /** Said when the state already was as asked for. */
  readonly already: string;
  /** Why nothing changed, if that is because the fleet does not know the object. Null: it knows it. */
  readonly unknown?: (client: FleetClient) => Promise<OperatorError | null>;
}

export interface WriteReport {
  readonly changed: boolean;
  readonly dryRun: boolean;
  readonly what: string;
  /** What goes with it, in words: "drops 3 cluster bindings"; empty = nothing does. */
  readonly summary: string;
  /** `null` in a dry run, which writes nothing. */
  readonly index: number | null;
  readonly term: number | null;
  readonly version: number | null;
}

export const writeView: TextView<WriteReport> = {
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
  #isAllowed = false;

  /** `wait`: for what follows of it elsewhere, if that was asked for. */
  protected async write(
    flags: WriteFlagValues,
    write: Write,
    wait: (() => Promise<void>) | null = null,
  ): Promise<WriteReport> {
    const report = await this.perform(flags, write);
    if (wait === null) await this.printText(report, writeView);
    else await this.printAndWait(report, writeView, wait);
    return report;
  }

  /** The write, or its dry run, without a word of it. */
  protected async perform(flags: WriteFlagValues, write: Write): Promise<WriteReport> {
    return await performWrite(await this.writer(flags), flags, write);
  }

  /** The client, allowed to change something unless this is a dry run. A context's hook is asked once a command. */
  protected async writer(flags: WriteFlagValues): Promise<FleetClient> {
    const client = await this.client(flags);
    if (flags["dry-run"] || this.#isAllowed) return client;
    await allowChange(client.target, this.words, flags.reason);
    this.#isAllowed = true;
    return client;
  }
}

/** The write, or its dry run. */
export async function performWrite(
  client: FleetClient,
  flags: Pick<WriteFlagValues, "reason" | "timeout" | "dry-run">,
  write: Write,
): Promise<WriteReport> {
  const operation = { kind: write.operation };
  const options = { reason: flags.reason ?? "", deadlineMs: flags.timeout };
  if (flags["dry-run"]) {
    const tried = await client.tryOut(operation, options);
    await refuseUnknown(client, tried, write);
    const { changed, summary } = tried;
    const what = wordsOf(tried, write.would, write.already);
    return { changed, summary, what, dryRun: true, index: null, term: null, version: null };
  }
  const written = await client.submit(operation, options);
  await refuseUnknown(client, written, write);
  return { ...written, dryRun: false, what: wordsOf(written, write.done, write.already) };
}

async function refuseUnknown(client: FleetClient, { changed }: Written, { unknown }: Write): Promise<void> {
  const error = changed ? null : ((await unknown?.(client)) ?? null);
  if (error !== null) throw error;
}

/** The `unknown` of a command that removes a row. Such a command changes nothing only if the row does not exist. */
export const notThere = (code: string, what: string, next: string) => async (): Promise<OperatorError> =>
  new OperatorError(code, { what, next, exit: Exit.NotFound });

function wordsOf({ changed, summary }: Written, done: string, already: string): string {
  if (!changed) return already;
  return summary === "" ? done : `${done}, which ${summary}`;
}
