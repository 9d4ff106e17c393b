// A transaction as a JSON or YAML document, for programs that make one. Bytes are a text, or { base64: … }.

import {
  type Found,
  fieldOf,
  fieldsOnly,
  flag,
  integer,
  list,
  oneOf,
  optional,
  problem,
  text,
  withDefault,
  wrong,
} from "../../core/base/read-value.ts";
import {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  type RequestOp,
  type TxnRequest,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { readOwnConfig } from "../files/entry-fields.ts";
import { fromKey, type KeyRange, oneKey, prefixRange } from "./key-range.ts";
import { leaseIdOf } from "./lease-id.ts";

const TARGETS = ["version", "create", "mod", "value", "lease"] as const;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const RESULTS = ["=", ">", "<", "!="] as const;

/** `name`: the document's, for errors. Throws CONFIG_INVALID with every problem, its line and its path. */
export function parseTxnDocument(name: string, contents: string): TxnRequest {
  const read = readOwnConfig(name, contents, DOCUMENT);
  return { compare: [...read.compare], success: [...read.success], failure: [...read.failure] };
}

const revision = integer(0, Number.MAX_SAFE_INTEGER);
const OPERANDS = {
  version: (found: Found) => ({ $case: "version", value: revision(found) }) as const,
  create: (found: Found) => ({ $case: "createRevision", value: revision(found) }) as const,
  mod: (found: Found) => ({ $case: "modRevision", value: revision(found) }) as const,
  value: (found: Found) => ({ $case: "value", value: bytes(found) }) as const,
  lease: (found: Found) => ({ $case: "lease", value: lease(found) }) as const,
};

function comparison(found: Found): Compare {
  const target = oneOf(...TARGETS)(fieldOf(found, "target"));
  const { key, op, value } = fieldsOnly({
    key: bytes,
    target: oneOf(target),
    op: oneOf(...RESULTS),
    value: OPERANDS[target],
  })(found);
  return Compare.fromPartial({
    key,
    target: TARGETS.indexOf(target) as Compare["target"],
    result: RESULTS.indexOf(op) as Compare["result"],
    targetUnion: value,
  });
}

const REQUEST = fieldsOnly({
  put: optional(fieldsOnly({ key: bytes, value: bytes, lease: withDefault(lease, "0") })),
  get: optional(range),
  del: optional(range),
});

/** One of put, get and del. */
function request(found: Found): RequestOp {
  const { put, get, del } = REQUEST(found);
  const all: (NonNullable<RequestOp["request"]> | null)[] = [
    put === undefined ? null : { $case: "requestPut", value: PutRequest.fromPartial(put) },
    get === undefined ? null : { $case: "requestRange", value: RangeRequest.fromPartial(get) },
    del === undefined ? null : { $case: "requestDeleteRange", value: DeleteRangeRequest.fromPartial(del) },
  ];
  const [only, ...more] = all.filter((each) => each !== null);
  if (only === undefined || more.length > 0)
    throw problem(found, "must have exactly one of put, get and del");
  return { request: only };
}

const RANGE = fieldsOnly({
  key: bytes,
  end: optional(bytes),
  prefix: optional(flag),
  fromKey: optional(flag),
});

function range(found: Found): KeyRange {
  const { key, end, prefix, fromKey: rest } = RANGE(found);
  if ([end !== undefined, prefix, rest].filter((given) => given === true).length > 1)
    throw problem(found, "must have at most one of end, prefix and fromKey");
  if (end !== undefined) return { key, rangeEnd: end };
  if (prefix === true) return prefixRange(key);
  return rest === true ? fromKey(key) : oneKey(key);
}

function bytes(found: Found): Uint8Array {
  if (typeof found.value === "string") return Buffer.from(found.value);
  if (typeof found.value !== "object") throw wrong(found, "a text or { base64: … }");
  return BYTES(found).base64;
}

const BYTES = fieldsOnly({ base64 });

function base64(found: Found): Uint8Array {
  const { value } = found;
  // Node's decoder leaves out what is not of the alphabet.
  if (typeof value !== "string" || !BASE64.test(value)) throw wrong(found, "bytes in base64");
  return Buffer.from(value, "base64");
}

function lease(found: Found): string {
  const id = leaseIdOf(text(found));
  if (id === null) throw wrong(found, "a lease id in hexadecimal digits");
  return id;
}

const requests = withDefault(list(request), []);
const DOCUMENT = fieldsOnly({
  compare: withDefault(list(comparison), []),
  success: requests,
  failure: requests,
});
