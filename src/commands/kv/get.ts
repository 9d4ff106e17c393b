// `fleet kv get`: a key, or a range of keys, as they are or were at a revision.
import { Flags } from "@oclif/core";
import { type KvRow, kvRow } from "../../client/etcd/kv-rows.ts";
import { Exit } from "../../core/base/errors.ts";
import type { RangeResponse } from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { EtcdCommand, type EtcdFlagValues } from "../../ui/cli/etcd-command.ts";
import { indexFlag } from "../../ui/cli/fleet-flags.ts";
import { type KeyFlagValues, type KeyWords, keyArgs, keyFlags, keyRange } from "../../ui/cli/key-flags.ts";
import { FORMATS, tableFlags } from "../../ui/cli/output-flags.ts";
import { writeBytes } from "../../ui/cli/terminal.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { kvTable } from "../../ui/model/tables/kv-table.ts";

interface KvList {
  readonly revision: string;
  /** Keys in the range; with --limit it may be more than are shown. */
  readonly count: string;
  readonly more: boolean;
  readonly kvs: readonly KvRow[];
}

const ORDERS = { key: 0, version: 1, create: 2, modify: 3, value: 4 } as const;
type By = keyof typeof ORDERS;

const VALUE = "value";

interface GetFlags extends EtcdFlagValues, KeyFlagValues {
  readonly limit: number | undefined;
  readonly rev: number | undefined;
  readonly by: string | undefined;
  readonly descend: boolean;
  readonly "keys-only": boolean;
  readonly "count-only": boolean;
  readonly stale: boolean;
}

export default class KvGet extends EtcdCommand {
  static override summary = "Show keys and their values";
  static override description =
    "Exits with 3 when a single key does not exist. With -o json, keys and values are in base64, as etcdctl has them. With -o value it writes the bytes themselves into a pipe or file, with a newline after each value if there are several. A terminal shows escapes.";
  static override examples = [
    "<%= config.bin %> kv get jobs/1",
    "<%= config.bin %> kv get jobs/ --prefix --keys-only",
    "<%= config.bin %> kv get config --rev 1200 -o value > config",
  ];
  static override args = keyArgs;
  static override flags = {
    // In place of the one that all commands have.
    output: Flags.option({
      char: "o",
      options: [...FORMATS, VALUE],
      summary: "How to show the answer; value: only the values, as bytes",
      env: "FLEET_OUTPUT",
      helpGroup: "OUTPUT",
    })(),
    ...keyFlags,
    ...tableFlags,
    limit: indexFlag(1, "At most this many keys"),
    rev: indexFlag(1, "As the keys were at this revision (default: now)"),
    by: Flags.option({
      options: Object.keys(ORDERS) as By[],
      summary: "Order keys by this, before --limit",
    })(),
    descend: Flags.boolean({ summary: "The greatest first" }),
    "keys-only": Flags.boolean({ summary: "No values", exclusive: ["count-only"] }),
    "count-only": Flags.boolean({ summary: "Only how many keys there are" }),
    hex: Flags.boolean({ summary: "Show keys and values as hexadecimal digits" }),
    stale: Flags.boolean({ summary: "Read what the asked node has (serializable); works without a quorum" }),
  };

  async run(): Promise<KvList> {
    const { args, flags } = await this.parse(KvGet);
    const { isOneKey } = await import("../../client/etcd/key-range.ts");
    const keys = await keyRange(args, flags);
    const response = await this.#range(args, flags);
    const format: string | undefined = flags.output;
    if (format === VALUE) this.#writeValues(response, flags.hex);
    else await this.#show(response, flags);
    if (isOneKey(keys) && response.count === 0) {
      this.note(`there is no key ${args.key} at revision ${revisionOf(response)}`, "warn");
      this.exitWith(Exit.NotFound);
    }
    return listOf(response);
  }

  async #range(words: KeyWords, flags: GetFlags): Promise<RangeResponse> {
    const { range } = await import("../../client/etcd/store-calls.ts");
    const { by, descend } = flags;
    const sort = by === undefined && !descend ? {} : { sortTarget: ORDERS[(by ?? "key") as By] };
    return await range(await this.store(flags), {
      ...(await keyRange(words, flags)),
      ...sort,
      ...("sortTarget" in sort ? { sortOrder: descend ? 2 : 1 } : {}),
      limit: flags.limit ?? 0,
      revision: flags.rev ?? 0,
      keysOnly: flags["keys-only"],
      countOnly: flags["count-only"],
      serializable: flags.stale,
    });
  }

  async #show(response: RangeResponse, flags: GetFlags & { readonly hex: boolean }): Promise<void> {
    const list = listOf(response);
    if (flags["count-only"]) {
      const view = { kind: "KvList", text: () => [list.count], name: () => list.count };
      await this.printText(list, view);
      return;
    }
    const isWhole = this.output.format === "wide";
    const table = kvTable(flags.hex, isWhole);
    const columns = flags["keys-only"] ? table.columns.filter(({ name }) => name !== "value") : table.columns;
    const view: TableView<KvList, KvRow> = {
      kind: "KvList",
      rowKind: "Kv",
      table: { ...table, columns },
      rows: ({ kvs }) => kvs,
      lines: ({ more, count }) =>
        more ? [{ mark: "warn", text: `more keys follow: there are ${count}` }] : [],
      empty: "no keys",
    };
    await this.print(list, view);
  }

  #writeValues({ kvs }: RangeResponse, hex: boolean): void {
    const values = kvs.map(({ value }) => (hex ? Buffer.from(Buffer.from(value).toString("hex")) : value));
    for (const value of values) writeBytes(value, values.length > 1);
  }
}

const revisionOf = ({ header }: RangeResponse): number => header?.revision ?? 0;

function listOf(response: RangeResponse): KvList {
  const { count, more, kvs } = response;
  return { revision: String(revisionOf(response)), count: String(count), more, kvs: kvs.map(kvRow) };
}
