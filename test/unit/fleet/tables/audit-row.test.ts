// The bytes of audit entries, which are written by hand, against the generated encoder.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { chainEntry, encodeAuditEntry } from "../../../../src/core/fleet/tables/audit-row.ts";
import { AuditEntry } from "../../../../src/core/wire/gen/fleet/v1/command.ts";

const HASH = "ab".repeat(32);
const ENTRY: AuditEntry = {
  ...{ index: 7, atMs: 1_790_000_000_123, actor: "fleet://admin", reason: "", what: "", hash: "" },
  ...{ operation: "upsertProvider", metadata: { address: "x".repeat(253), declared: "0", provider: "p" } },
};

const CASES: readonly { readonly why: string; readonly entry: AuditEntry }[] = [
  { why: "nothing in it", entry: AuditEntry.fromPartial({}) },
  {
    why: "version 1: words, no facts",
    entry: { ...ENTRY, what: "bind c1 to s1", operation: "", metadata: {} },
  },
  { why: "version 2", entry: { ...ENTRY, hash: HASH } },
  { why: "empty keys and values", entry: { ...ENTRY, metadata: { "": "x", b: "", c: "" }, hash: HASH } },
  { why: "keys that are numbers", entry: { ...ENTRY, metadata: { "10": "a", "9": "b", a: "c" } } },
  {
    why: "long and foreign texts",
    entry: { ...ENTRY, reason: "日本🚢".repeat(500), metadata: { é: "\ud800" } },
  },
];

const generated = (entry: AuditEntry) => AuditEntry.encode(entry).finish();

test.each(CASES)("as the generated encoder writes it: $why", ({ entry }) => {
  for (let repetition = 0; repetition < 2; repetition += 1) {
    expect(Buffer.from(encodeAuditEntry(entry))).toEqual(Buffer.from(generated(entry)));
  }
});

test.each(CASES)("chained, whatever is before it: $why", ({ entry }) => {
  for (const previous of ["", HASH]) {
    const chained = chainEntry(previous, entry);
    const expected = createHash("sha256")
      .update(generated({ ...entry, hash: previous }))
      .digest("hex");
    expect(chained).toEqual({ ...entry, hash: expected });
    expect(Buffer.from(encodeAuditEntry(chained))).toEqual(Buffer.from(generated(chained)));
  }
});

test("another entry's bytes are never taken for a chained one's", () => {
  const first = chainEntry(HASH, ENTRY);
  const second = chainEntry(first.hash, { ...ENTRY, index: 8 });
  expect(Buffer.from(encodeAuditEntry(first))).toEqual(Buffer.from(generated(first)));
  expect(Buffer.from(encodeAuditEntry(second))).toEqual(Buffer.from(generated(second)));
  expect(Buffer.from(encodeAuditEntry({ ...second }))).toEqual(Buffer.from(generated(second)));
});
