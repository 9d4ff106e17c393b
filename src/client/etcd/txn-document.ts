// A transaction as a JSON or YAML document, for programs that make one. Bytes are a text, or { base64: … }.

import {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  type RequestOp,
  type TxnRequest,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { ConfigReader } from "../files/config-reader.ts";
import { fromKey, type KeyRange, oneKey, prefixRange } from "./key-range.ts";
import { parseLease } from "./lease-id.ts";

const TARGETS = ["version", "create", "mod", "value", "lease"] as const;
const RESULTS = ["=", ">", "<", "!="] as const;

/** `name`: the document's, for errors. Throws CONFIG_INVALID with the path of the field at fault. */
export function parseTxnDocument(name: string, text: string): TxnRequest {
  const root = ConfigReader.parse(name, text);
  const list = <T>(field: string, read: (item: ConfigReader) => T): T[] =>
    root.field(field).optional((items) => items.items().map(read)) ?? [];
  return {
    compare: list("compare", comparison),
    success: list("success", request),
    failure: list("failure", request),
  };
}

function comparison(item: ConfigReader): Compare {
  const target = item.field("target").oneOf(TARGETS);
  const value = item.field("value");
  const number = () => value.integer(0, Number.MAX_SAFE_INTEGER);
  const operands = {
    version: () => ({ $case: "version", value: number() }) as const,
    create: () => ({ $case: "createRevision", value: number() }) as const,
    mod: () => ({ $case: "modRevision", value: number() }) as const,
    value: () => ({ $case: "value", value: bytes(value) }) as const,
    lease: () => ({ $case: "lease", value: parseLease(value.string()) }) as const,
  };
  return Compare.fromPartial({
    key: bytes(item.field("key")),
    target: TARGETS.indexOf(target) as Compare["target"],
    result: RESULTS.indexOf(item.field("op").oneOf(RESULTS)) as Compare["result"],
    targetUnion: operands[target](),
  });
}

/** One of put, get and del. */
function request(item: ConfigReader): RequestOp {
  const put = item.field("put").optional((fields) => {
    const lease = fields.field("lease").optional((value) => parseLease(value.string())) ?? "0";
    const given = { key: bytes(fields.field("key")), value: bytes(fields.field("value")), lease };
    return { request: { $case: "requestPut", value: PutRequest.fromPartial(given) } } as const;
  });
  const get = item.field("get").optional((fields) => {
    return { request: { $case: "requestRange", value: RangeRequest.fromPartial(rangeOf(fields)) } } as const;
  });
  const del = item.field("del").optional((fields) => {
    const value = DeleteRangeRequest.fromPartial(rangeOf(fields));
    return { request: { $case: "requestDeleteRange", value } } as const;
  });
  const [only, ...more] = [put, get, del].filter((each) => each !== undefined);
  if (only === undefined || more.length > 0) throw item.fault("must have exactly one of put, get and del");
  return only;
}

function rangeOf(fields: ConfigReader): KeyRange {
  const key = bytes(fields.field("key"));
  const end = fields.field("end").optional(bytes);
  if (end !== undefined) return { key, rangeEnd: end };
  const says = (name: string) => fields.field(name).optional((value) => value.boolean()) === true;
  if (says("prefix")) return prefixRange(key);
  return says("fromKey") ? fromKey(key) : oneKey(key);
}

function bytes(value: ConfigReader): Uint8Array {
  if (value.isText()) return Buffer.from(value.text());
  return Buffer.from(value.field("base64").string(), "base64");
}
