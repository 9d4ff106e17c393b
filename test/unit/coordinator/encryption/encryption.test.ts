// The operator's word that a plain folder is taken over: it should not stay in the settings for good.

import { expect, test } from "vitest";
import { warnOfExisting, warnOfPlainEtcd } from "../../../../src/core/coordinator/encryption/encryption.ts";

test.each([
  { existing: true, isComplete: true, warned: 1 },
  { existing: true, isComplete: false, warned: 0 },
  { existing: false, isComplete: true, warned: 0 },
])("--encrypt-existing $existing, nothing plain left $isComplete: warned $warned times", (row) => {
  const texts: string[] = [];
  const setting = { source: { kind: "file", path: "k" }, existing: row.existing } as const;
  warnOfExisting(setting, { isComplete: row.isComplete }, { warn: (text) => texts.push(text) });
  warnOfExisting(null, null, { warn: (text) => texts.push(text) });
  expect(texts).toHaveLength(row.warned);
});

const KEY = { source: { kind: "file", path: "k" }, existing: false } as const;
const ETCD_FIELDS = { etcd: ["e1:2379"], prefix: "/fleet/prod" };
const ETCD = { addresses: ["e1:2379"], prefix: "/fleet/prod" };

test.each([
  { setting: KEY, engine: ETCD, warned: 1, why: "the log is where the key does not reach" },
  { setting: null, engine: ETCD, warned: 0, why: "no key, no promise" },
  { setting: KEY, engine: null, warned: 0, why: "the log is in the data folder" },
])("a start warns $warned times of a plain log: $why", ({ setting, engine, warned }) => {
  const lines: unknown[] = [];
  warnOfPlainEtcd(setting, engine, { warn: (text, fields) => lines.push([text, fields]) });
  expect(lines).toHaveLength(warned);
  for (const line of lines)
    expect(line).toEqual([expect.stringContaining("unencrypted"), expect.objectContaining(ETCD_FIELDS)]);
});
