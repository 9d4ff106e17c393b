// `fleet kv watch`: every change of keys as it is made, across failovers.
import { Flags } from "@oclif/core";
import { kvRow } from "../../client/etcd/kv-rows.ts";
import type { Event } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import type { RpcFailure } from "../../core/wire/rpc-error.ts";
import { EtcdCommand } from "../../ui/cli/etcd-command.ts";
import { indexFlag } from "../../ui/cli/fleet-flags.ts";
import { stringify, toContract } from "../../ui/cli/json.ts";
import { keyArgs, keyFlags, keyRange } from "../../ui/cli/key-flags.ts";
import { writeData } from "../../ui/cli/terminal.ts";
import { bytesText } from "../../ui/model/byte-text.ts";

export default class KvWatch extends EtcdCommand {
  static override summary = "Show changes of keys as they are made";
  static override description =
    "One line a change on a terminal, one JSON document a line into a pipe or with -o json. After a failover it continues after the last revision that it has shown, so no change is lost or repeated. It exits with 9 when changes were compacted before it could show them. Ctrl-C prints the revision to continue from.";
  static override examples = [
    "<%= config.bin %> kv watch jobs/ --prefix",
    "<%= config.bin %> kv watch config --rev 1200 -o json",
  ];
  static override args = keyArgs;
  static override flags = {
    ...keyFlags,
    rev: indexFlag(1, "Begin with the changes of this revision (default: from now on)"),
    "prev-kv": Flags.boolean({ summary: "Also show what each key was before" }),
    count: indexFlag(1, "End after this many changes"),
    hex: Flags.boolean({ summary: "Show keys and values as hexadecimal digits" }),
  };

  #revision: number | null = null;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(KvWatch);
    const [{ watchKeys }, { failureWords }] = await Promise.all([
      import("../../client/etcd/watch-keys.ts"),
      import("../../client/failure-words.ts"),
    ]);
    const range = await keyRange(args, flags);
    const ended = new AbortController();
    this.onInterrupt(() => {
      ended.abort();
      return this.#revision === null ? undefined : `continue with --rev ${this.#revision + 1}`;
    });
    const onTrouble = (address: string | null, failure: RpcFailure | null) => {
      const why = failure === null ? "the stream ended" : failureWords(failure);
      this.note(`${address ?? "no endpoint is connected"}: ${why}; the watch continues elsewhere`, "warn");
    };
    const watch = {
      ...{ ...range, onTrouble, signal: ended.signal },
      ...{ fromRevision: flags.rev ?? null, prevKv: flags["prev-kv"], firstAnswerMs: flags.timeout },
    };
    let left = flags.count ?? Number.POSITIVE_INFINITY;
    for await (const seen of watchKeys(await this.store(flags), watch)) {
      if (seen.kind === "began" && this.#revision === null)
        this.note(`watching after revision ${seen.revision}`);
      const events = seen.kind === "events" ? seen.events.slice(0, left) : [];
      for (const event of events) writeData(this.#line(event, flags.hex));
      left -= events.length;
      this.#revision = seen.revision;
      if (left <= 0) return;
    }
  }

  #line(event: Event, hex: boolean): string {
    const { kv, prevKv } = event;
    const type = event.type === 0 ? "put" : "delete";
    const { format } = this.output;
    const isText = format !== "json" && format !== "jsonl" && process.stdout.isTTY === true;
    if (!isText) {
      const rows = {
        kv: kv === undefined ? null : kvRow(kv),
        prevKv: prevKv === undefined ? null : kvRow(prevKv),
      };
      return stringify(toContract("KvEvent", { type, ...rows }), false);
    }
    const { paint } = this.look(process.stdout);
    const key = bytesText(kv?.key ?? new Uint8Array(0), { hex });
    const now = type === "put" ? ` = ${bytesText(kv?.value ?? new Uint8Array(0), { hex })}` : "";
    const before = prevKv === undefined ? "" : paint.faint(` (was ${bytesText(prevKv.value, { hex })})`);
    return `${paint.faint(String(kv?.modRevision ?? 0))} ${type} ${key}${now}${before}`;
  }
}
