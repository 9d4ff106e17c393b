// The operator's word that a plain folder is taken over: it should not stay in the settings for good.

import { expect, test } from "vitest";
import { warnOfExisting } from "../../../../src/core/coordinator/encryption/encryption.ts";

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
