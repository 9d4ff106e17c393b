// The two forms of a transaction in a file come to the same request, and faults are named.

import { describe, expect, test } from "vitest";
import { parseTxnDocument } from "../../../../src/client/etcd/txn-document.ts";
import { parseTxn } from "../../../../src/client/etcd/txn-text.ts";
import { wordsOf } from "../../../../src/client/etcd/txn-words.ts";

const TEXT = String.raw`mod("a b") > "0"
value("k") != "x\n\x00"
ver(k)=2
create("c") = "0"
lease("l") = "1f"

put k "new value" --lease=1f
get p/ --prefix
del a z

get k
`;

const DOCUMENT = `{"compare": [
  {"key": "a b", "target": "mod", "op": ">", "value": 0},
  {"key": "k", "target": "value", "op": "!=", "value": {"base64": "eAoA"}},
  {"key": "k", "target": "version", "op": "=", "value": 2},
  {"key": "c", "target": "create", "op": "=", "value": 0},
  {"key": "l", "target": "lease", "op": "=", "value": "1f"}
], "success": [
  {"put": {"key": "k", "value": "new value", "lease": "1f"}},
  {"get": {"key": "p/", "prefix": true}},
  {"del": {"key": "a", "end": "z"}}
], "failure": [{"get": {"key": "k"}}]}`;

test("text and JSON say the same", () => {
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
  const fromText = parseTxn(TEXT);
  expect(plain(fromText)).toEqual(plain(parseTxnDocument("file", DOCUMENT)));
  expect(fromText.compare.map(({ target, result }) => [target, result])).toEqual([
    [2, 1],
    [3, 3],
    [0, 0],
    [1, 0],
    [4, 0],
  ]);
  expect(fromText.compare[1]?.targetUnion).toEqual({ $case: "value", value: Buffer.from("x\n\0") });
  expect(fromText.success).toHaveLength(3);
  expect(fromText.failure[0]?.request?.$case).toBe("requestRange");
});

test("a part may be empty", () => {
  expect(parseTxn("\nput a b\n")).toMatchObject({ compare: [], failure: [] });
  expect(parseTxn("")).toEqual({ compare: [], success: [], failure: [] });
});

test("bytes may be none", () => {
  const put = '{"success": [{"put": {"key": {"base64": "eA=="}, "value": {"base64": ""}}}]}';
  const request = { $case: "requestPut", value: { key: Buffer.from("x"), value: Buffer.alloc(0) } };
  expect(parseTxnDocument("f", put).success).toMatchObject([{ request }]);
});

describe("a fault is named with its line", () => {
  test.each([
    { text: "mod(k) ~ 3", line: 1, why: /a comparison is like/ },
    { text: "size(k) = 3", line: 1, why: /it compares value/ },
    { text: "ver(k) = three", line: 1, why: /not a number/ },
    { text: "\nput k", line: 2, why: /the value is missing/ },
    { text: "\n\nset k v", line: 3, why: /put, get or del/ },
    { text: "\nput k v --prefix", line: 2, why: /unknown flag/ },
    { text: '\nput k "v', line: 2, why: /not closed/ },
    { text: '\nput k "\\q"', line: 2, why: /unknown escape/ },
    { text: "\n\n\nget k", line: 4, why: /more than three parts/ },
  ])("$text", ({ text, line, why }) => {
    const fault = expect.objectContaining({
      what: expect.stringContaining(`line ${line}`),
      why: expect.stringMatching(why),
    });
    expect(() => parseTxn(text)).toThrow(expect.objectContaining({ code: "TXN_INVALID", parts: fault }));
  });

  test.each([
    { text: '{"success": [{}]}', why: /exactly one of put, get and del/ },
    { text: '{"success": [{"put": {"key": "k"}}]}', why: /success\[0\].put.value/ },
    { text: '{"compare": [{"key": "k", "target": "size"}]}', why: /compare\[0\].target/ },
    {
      text: '{"success": [{"put": {"key": "k", "value": "", "lease": "x"}}]}',
      why: /put.lease must be a lease id/,
    },
    {
      text: '{"compares": [], "success": [{"put": {"key": "k", "value": ""}}]}',
      why: /compares is not a known/,
    },
    { text: '{"success": [{"del": {"key": "k", "prefx": true}}]}', why: /del.prefx is not a known field/ },
    { text: '{"success": [{"get": {"key": "k"}, "gt": {}}]}', why: /success\[0\].gt is not a known field/ },
    {
      text: '{"success": [{"put": {"key": "k", "value": "", "ttl": 3}}]}',
      why: /put.ttl is not a known field/,
    },
    {
      text: '{"compare": [{"key": "k", "target": "mod", "op": "=", "value": 0, "end": "z"}]}',
      why: /compare\[0\].end is not a known field/,
    },
    { text: '{"success": [{"get": {"key": "k", "end": "z", "prefix": true}}]}', why: /at most one of end/ },
    { text: '{"success": [{"get": {"key": {"base64": "not base64!"}}}]}', why: /key.base64 must be bytes/ },
    {
      text: '{"success": [{"get": {"key": {"base64": "eA==", "b": 1}}}]}',
      why: /key.b is not a known field/,
    },
  ])("$text", ({ text, why }) => {
    const fault = expect.objectContaining({ what: expect.stringMatching(why) });
    expect(() => parseTxnDocument("f", text)).toThrow(expect.objectContaining({ parts: fault }));
  });
});

test.each([
  { line: `put 'it''s' "\\u00e9\\x41" ü`, words: ["put", "it", "s", "éA", "ü"], why: "quotes and escapes" },
  { line: 'put a=b "--prefix"', words: ["put", "a=b", "--prefix"], why: "= is no operator in a request" },
])("$line: $why", ({ line, words }) => {
  const found = wordsOf(line, false);
  expect(found.ok && found.words.map(({ text }) => text)).toEqual(words);
});
