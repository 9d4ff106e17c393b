// `fleet kv del`: a key, or a range of keys, is deleted.
import { Flags } from "@oclif/core";
import { type KvRow, kvRow } from "../../client/etcd/kv-rows.ts";
import { EtcdCommand, storeChangeFlags } from "../../ui/cli/etcd-command.ts";
import { keyArgs, keyFlags, keyRange } from "../../ui/cli/key-flags.ts";
import { bytesText } from "../../ui/model/byte-text.ts";

interface DeleteReport {
  readonly revision: string;
  readonly deleted: string;
  readonly dryRun: boolean;
  /** The keys before, with --prev-kv. */
  readonly previous: readonly KvRow[];
}

export default class KvDel extends EtcdCommand {
  static override summary = "Delete keys";
  static override description =
    "To delete all keys it asks for the cluster's name, or takes --yes. --dry-run counts the keys and deletes none.";
  static override examples = [
    "<%= config.bin %> kv del jobs/1",
    "<%= config.bin %> kv del jobs/ --prefix --dry-run",
  ];
  static override args = keyArgs;
  static override flags = {
    ...keyFlags,
    ...storeChangeFlags,
    "prev-kv": Flags.boolean({ summary: "Also show what was deleted" }),
    "dry-run": Flags.boolean({ summary: "Say how many keys would be deleted, and delete none" }),
    yes: Flags.boolean({ summary: "Do not ask" }),
  };

  async run(): Promise<DeleteReport> {
    const { args, flags } = await this.parse(KvDel);
    const [{ deleteRange, range }, { isAll }] = await Promise.all([
      import("../../client/etcd/store-calls.ts"),
      import("../../client/etcd/key-range.ts"),
    ]);
    const keys = await keyRange(args, flags);
    if (flags["dry-run"]) {
      const { header, count } = await range(await this.store(flags), { ...keys, countOnly: true });
      return await this.#show(true, header?.revision, count, []);
    }
    const store = await this.writableStore(flags);
    const { name } = await this.target(flags);
    if (isAll(keys)) await this.confirm(name, `delete ALL keys of ${name}`, flags.yes);
    const { header, deleted, prevKvs } = await deleteRange(store, { ...keys, prevKv: flags["prev-kv"] });
    return await this.#show(false, header?.revision, deleted, prevKvs.map(kvRow));
  }

  async #show(
    dryRun: boolean,
    revision: number | undefined,
    deleted: number,
    previous: readonly KvRow[],
  ): Promise<DeleteReport> {
    const report = { revision: String(revision ?? 0), deleted: String(deleted), dryRun, previous };
    const what = dryRun ? "would be deleted" : `deleted at revision ${report.revision}`;
    const text = (base64: string) => bytesText(Buffer.from(base64, "base64"), { hex: false });
    await this.printText(report, {
      kind: "KvDelete",
      name: () => report.deleted,
      text: (_, { paint, symbols }) => [
        paint.mark("good", `${symbols.marks.good} ${deleted} ${deleted === 1 ? "key" : "keys"} ${what}`),
        ...previous.map(({ key, value }) => `  ${text(key)}: ${text(value)}`),
      ],
    });
    return report;
  }
}
