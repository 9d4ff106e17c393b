// `fleet kv copy`: a key space moves from one store to another.
import { Args, Flags } from "@oclif/core";
import type { CopyCounts } from "../../client/etcd/copy-keys.ts";
import type { EtcdClient } from "../../client/etcd/etcd-client.ts";
import { allowChange } from "../../ui/cli/allow-change.ts";
import { BaseCommand } from "../../ui/cli/base-command.ts";
import { storeChangeFlags } from "../../ui/cli/etcd-command.ts";
import { timeoutFlag } from "../../ui/cli/fleet-flags.ts";
import { writeProgress } from "../../ui/cli/terminal.ts";
import type { TextView } from "../../ui/cli/view.ts";

interface CopyReport extends CopyCounts {
  readonly from: string;
  readonly to: string;
  readonly dryRun: boolean;
}

const view: TextView<CopyReport> = {
  kind: "KvCopy",
  name: ({ hash }) => hash ?? "",
  text: ({ from, to, dryRun, copied, same, leased, extra, revision, hash }, { paint, symbols }) => [
    paint.mark(
      dryRun ? "unknown" : "good",
      `${symbols.marks[dryRun ? "unknown" : "good"]} ${copied} ${copied === 1 ? "key" : "keys"} ${dryRun ? "would be copied" : "were copied"} from ${from} at revision ${revision} to ${to}`,
    ),
    `  ${same} were there already`,
    ...(leased === 0 ? [] : [`  ${leased} have a lease and were left out`]),
    ...(extra === 0 ? [] : [`  ${extra} keys in the range are only in ${to}`]),
    ...(hash === null ? [] : [`  both have sha256 ${hash}`]),
  ],
};

const PIPE_EVERY_MS = 10_000;

export default class KvCopy extends BaseCommand {
  static override summary = "Copy keys from one store to another";
  static override description =
    "FROM and TO are contexts. It copies the keys as they were at one revision, reads both again and compares their hashes. If it was stopped, run it again: it skips keys that are there already. A key with another value in TO is replaced only with --overwrite. Keys with a lease are left out, since the lease is not in TO. Stop the writers of FROM first, or copy again afterwards.";
  static override examples = [
    "<%= config.bin %> kv copy old new --dry-run",
    "<%= config.bin %> kv copy old new --prefix config/",
  ];
  static override args = {
    from: Args.string({ required: true, description: "The context to copy from" }),
    to: Args.string({ required: true, description: "The context to copy to" }),
  };
  static override flags = {
    ...storeChangeFlags,
    prefix: Flags.string({ summary: "Only keys that begin with this (default: all)" }),
    overwrite: Flags.boolean({ summary: "Replace keys that have another value in TO" }),
    "dry-run": Flags.boolean({ summary: "Say what would be copied, and copy nothing" }),
    timeout: timeoutFlag("10s", "Give up when a single call takes this long"),
  };

  #saidMs = performance.now();

  async run(): Promise<CopyReport> {
    const { args, flags } = await this.parse(KvCopy);
    const [{ copyKeys }, { allKeys, prefixRange }, { connectStore }, { findStore }] = await Promise.all([
      import("../../client/etcd/copy-keys.ts"),
      import("../../client/etcd/key-range.ts"),
      import("../../client/etcd/connect-store.ts"),
      import("../../client/etcd/find-store.ts"),
    ]);
    const where = { env: process.env, cwd: process.cwd() };
    const from = await findStore({ context: args.from, ...where }, undefined, flags.timeout);
    const to = await findStore({ context: args.to, ...where }, undefined, flags.timeout);
    const dryRun = flags["dry-run"] === true;
    if (!dryRun) await allowChange(to, this.words, flags.reason);
    const stores: EtcdClient[] = [connectStore(from, flags.timeout), connectStore(to, flags.timeout)];
    const stopped = new AbortController();
    this.onInterrupt(() => {
      stopped.abort();
      return "stopped; run the same command again to continue";
    });
    const keys = flags.prefix === undefined ? allKeys : prefixRange(Buffer.from(flags.prefix));
    const onProgress = (phase: string, done: number, total: number) =>
      this.#progress(`${phase}: ${done} of ${total} keys`);
    const [source, target] = stores as [EtcdClient, EtcdClient];
    const wanted = { keys, overwrite: flags.overwrite === true, dryRun, signal: stopped.signal, onProgress };
    try {
      const counts = await copyKeys(source, target, wanted);
      this.#progress("");
      const report = { ...counts, from: from.name, to: to.name, dryRun };
      await this.printText(report, view);
      return report;
    } finally {
      for (const store of stores) store.close();
    }
  }

  /** Rewritten on a terminal, sparse in a pipe. */
  #progress(text: string): void {
    if (process.stderr.isTTY === true) {
      writeProgress(text);
      return;
    }
    if (text === "" || performance.now() - this.#saidMs < PIPE_EVERY_MS) return;
    this.#saidMs = performance.now();
    this.note(text);
  }
}
