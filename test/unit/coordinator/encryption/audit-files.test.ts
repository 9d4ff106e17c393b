// Which operator's keys the exported audit entries of a folder need: a key that is taken away takes them with it.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { auditFilesByKey } from "../../../../src/core/coordinator/encryption/audit-files.ts";
import { newKeyText, parseOperatorKeys } from "../../../../src/core/seal/operator-keys.ts";
import { sealEntries } from "../../../../src/core/seal/sealed-entries.ts";
import { keyLines, type NodeKeysRow } from "../../../../src/ui/model/tables/key-table.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

const LINES = new TextEncoder().encode("{}\n");

test("files are counted by the key that opens them, plain ones too; damaged ones and others are not", async () => {
  const directory = await temporaryFolder();
  expect(await auditFilesByKey(join(directory, "absent"))).toEqual([]);
  const [a, b] = [newKeyText(), newKeyText()].map((text) => parseOperatorKeys(text, "a test"));
  if (a === undefined || b === undefined) throw new Error("two keys were made");
  await writeFile(join(directory, "audit-1-2.jsonl"), LINES);
  await writeFile(join(directory, "audit-3-4.jsonl.sealed"), await sealEntries(LINES, a));
  await writeFile(join(directory, "audit-5-6.jsonl.sealed"), await sealEntries(LINES, b));
  await writeFile(join(directory, "audit-7-8.jsonl.sealed"), await sealEntries(LINES, b));
  await writeFile(join(directory, "audit-9-9.jsonl.sealed"), "cut");
  await writeFile(join(directory, "audit-9-9.jsonl.sealed.tmp"), await sealEntries(LINES, a));
  const found = await auditFilesByKey(directory);
  expect(found).toHaveLength(3);
  expect(found[0]).toEqual({ operatorKey: "", files: 1 });
  expect(found).toContainEqual({ operatorKey: a.current.id, files: 1 });
  expect(found).toContainEqual({ operatorKey: b.current.id, files: 2 });
});

test("key status names the earlier keys that exported entries need, and the nodes with plain ones", () => {
  const none = { keys: [], plainSegments: 0, plainSnapshots: 0, error: null, state: "encrypted" } as const;
  const row = (node: string, auditFiles: NodeKeysRow["auditFiles"]): NodeKeysRow => {
    return { node, ...none, operatorKey: "new", auditFiles };
  };
  const nodes = [
    row("n1", [
      { operatorKey: "", files: 3 },
      { operatorKey: "old", files: 2 },
    ]),
    row("n2", [
      { operatorKey: "new", files: 9 },
      { operatorKey: "old", files: 5 },
    ]),
  ];
  expect(keyLines(nodes)).toEqual([
    { mark: "warn", text: expect.stringMatching(/^7 exported audit files open with key old alone/) },
    { mark: "warn", text: expect.stringContaining("left at n1 (3)") },
  ]);
  expect(keyLines([row("n1", [{ operatorKey: "new", files: 1 }])])).toMatchObject([{ mark: "good" }]);
});
