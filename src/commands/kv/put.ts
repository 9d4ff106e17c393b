// `fleet kv put`: one key gets a value.
import { Args, Flags } from "@oclif/core";
import { type KvRow, kvRow } from "../../client/etcd/kv-rows.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { EtcdCommand, storeChangeFlags } from "../../ui/cli/etcd-command.ts";
import { bytesText } from "../../ui/model/byte-text.ts";

interface PutReport {
  readonly revision: string;
  /** The key before, with --prev-kv; null: it did not exist, or was not asked for. */
  readonly previous: KvRow | null;
}

export default class KvPut extends EtcdCommand {
  static override summary = "Put a value under a key";
  static override description =
    "VALUE may be - for standard input, or come from a --file; both are stored byte by byte. Write -- before a value that begins with -.";
  static override examples = [
    "<%= config.bin %> kv put jobs/1 queued",
    "<%= config.bin %> kv put config --file config.yaml",
    "date | <%= config.bin %> kv put now - --lease 694d7c8f3a2b1c04",
  ];
  static override args = {
    key: Args.string({ required: true, description: "The key" }),
    value: Args.string({ description: "The value; - reads it from standard input" }),
  };
  static override flags = {
    ...storeChangeFlags,
    file: Flags.string({ summary: "Take the value from this file" }),
    lease: Flags.string({ helpValue: "LEASE", summary: "Delete the key when this lease ends" }),
    "prev-kv": Flags.boolean({ summary: "Also show what the key was before" }),
    "ignore-value": Flags.boolean({ summary: "Keep the key's value (with --lease: only change the lease)" }),
    "ignore-lease": Flags.boolean({ summary: "Keep the key's lease", exclusive: ["lease"] }),
  };

  async run(): Promise<PutReport> {
    const { args, flags } = await this.parse(KvPut);
    const [{ put }, { parseLease }] = await Promise.all([
      import("../../client/etcd/store-calls.ts"),
      import("../../client/etcd/lease-id.ts"),
    ]);
    const value = await valueGiven(args.value, flags.file, flags["ignore-value"]);
    const lease = flags.lease === undefined ? "0" : parseLease(flags.lease);
    const { header, prevKv } = await put(await this.writableStore(flags), {
      key: Buffer.from(args.key),
      value,
      lease,
      prevKv: flags["prev-kv"],
      ignoreValue: flags["ignore-value"],
      ignoreLease: flags["ignore-lease"],
    });
    const previous = prevKv === undefined ? null : kvRow(prevKv);
    const report = { revision: String(header?.revision ?? 0), previous };
    await this.printText(report, {
      kind: "KvPut",
      name: ({ revision }) => revision,
      text: ({ revision }, { paint, symbols }) => [
        paint.mark("good", `${symbols.marks.good} put at revision ${revision}`),
        ...(prevKv === undefined ? [] : [`  before: ${bytesText(prevKv.value, { hex: false })}`]),
      ],
    });
    return report;
  }
}

async function valueGiven(
  value: string | undefined,
  file: string | undefined,
  isKept: boolean,
): Promise<Uint8Array> {
  const count = [value !== undefined, file !== undefined, isKept].filter(Boolean).length;
  if (count !== 1) {
    throw new OperatorError("USAGE", {
      what: count === 0 ? "no value was given" : "the value is given twice",
      next: "give exactly one of VALUE (- for standard input), --file FILE and --ignore-value",
      exit: Exit.Usage,
    });
  }
  if (isKept) return new Uint8Array(0);
  const { readInputBytes } = await import("../../client/files/read-input.ts");
  if (file !== undefined) return await readInputBytes(file);
  return value === "-" ? await readInputBytes("-") : Buffer.from(value ?? "");
}
