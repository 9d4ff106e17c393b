// `fleet kv txn`: several keys are read and changed at once, if comparisons hold.
import { Args } from "@oclif/core";
import { type KvRow, kvRow } from "../../client/etcd/kv-rows.ts";
import type { ResponseOp, TxnRequest, TxnResponse } from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { EtcdCommand, storeChangeFlags } from "../../ui/cli/etcd-command.ts";
import { bytesText } from "../../ui/model/byte-text.ts";

interface OpResult {
  /** put, get, del or txn. */
  readonly op: string;
  /** Keys that were found or deleted. */
  readonly count: string;
  readonly kvs: readonly KvRow[];
}

interface TxnReport {
  /** Whether all comparisons held: then the first requests were made, otherwise the second ones. */
  readonly succeeded: boolean;
  readonly revision: string;
  readonly results: readonly OpResult[];
}

export default class KvTxn extends EtcdCommand {
  static override summary = "Compare, read and change several keys at once";
  static override description = [
    "FILE, or standard input for -, has three parts, as etcdctl txn reads them. They are comparisons, requests for the case that all of them hold, and requests for the other case. An empty line ends each part.",
    'Comparisons: value("k") = "text", ver("k") > "0", create("k") = "0", mod("k") < "12", lease("k") = "0"; with =, !=, <, >.',
    "Requests: put KEY VALUE [--lease=ID], get KEY [END] [--prefix], del KEY [END] [--prefix]. Words in double quotes have the escapes of JSON, and \\xNN for a byte.",
    "A file that begins with { is JSON instead: compare: [{key, target, op, value}], success and failure: [{put: {key, value}}, {get: {key, prefix}}, {del: {key}}]. A key or value may be {base64: …}.",
  ].join("\n\n");
  static override examples = [
    "<%= config.bin %> kv txn transfer.txt",
    "<%= config.bin %> kv txn - < transfer.json",
  ];
  static override args = {
    file: Args.string({ required: true, description: "The transaction; - reads it from standard input" }),
  };
  static override flags = { ...storeChangeFlags };

  async run(): Promise<TxnReport> {
    const { args, flags } = await this.parse(KvTxn);
    const { readInput } = await import("../../client/files/read-input.ts");
    const request = await parse(args.file, await readInput(args.file));
    const { txn } = await import("../../client/etcd/store-calls.ts");
    const isRead = [...request.success, ...request.failure].every(
      (op) => op.request?.$case === "requestRange",
    );
    const store = isRead ? await this.store(flags) : await this.writableStore(flags);
    const report = reportOf(await txn(store, request, isRead ? "read" : "write"));
    await this.printText(report, {
      kind: "KvTxn",
      name: ({ succeeded }) => (succeeded ? "SUCCESS" : "FAILURE"),
      text: (_, { paint, symbols }) => {
        const mark = report.succeeded ? "good" : "warn";
        const what = report.succeeded ? "the comparisons held" : "a comparison did not hold";
        return [
          paint.mark(mark, `${symbols.marks[mark]} ${what} at revision ${report.revision}`),
          ...report.results.flatMap(resultLines),
        ];
      },
    });
    return report;
  }
}

async function parse(name: string, text: string): Promise<TxnRequest> {
  if (/^\s*\{/.test(text)) {
    const { parseTxnDocument } = await import("../../client/etcd/txn-document.ts");
    return parseTxnDocument(name === "-" ? "standard input" : name, text);
  }
  const { parseTxn } = await import("../../client/etcd/txn-text.ts");
  return parseTxn(text);
}

function reportOf({ succeeded, header, responses }: TxnResponse): TxnReport {
  return { succeeded, revision: String(header?.revision ?? 0), results: responses.map(resultOf) };
}

function resultOf({ response }: ResponseOp): OpResult {
  switch (response?.$case) {
    case "responsePut":
      return { op: "put", count: "1", kvs: [] };
    case "responseRange":
      return { op: "get", count: String(response.value.count), kvs: response.value.kvs.map(kvRow) };
    case "responseDeleteRange":
      return { op: "del", count: String(response.value.deleted), kvs: response.value.prevKvs.map(kvRow) };
    case "responseTxn":
    case undefined:
      return { op: "txn", count: "0", kvs: [] };
  }
}

function resultLines({ op, count, kvs }: OpResult): string[] {
  const text = (base64: string) => bytesText(Buffer.from(base64, "base64"), { hex: false });
  return [`  ${op}: ${count}`, ...kvs.map(({ key, value }) => `    ${text(key)} = ${text(value)}`)];
}
