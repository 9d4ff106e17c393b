// Which texts are keys, and what a key file that can't be used is told. No error holds a key.

import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { keySourceOf, readOperatorKeys } from "../../../src/core/seal/key-source.ts";
import { idsOf, newKeyText, parseOperatorKeys } from "../../../src/core/seal/operator-keys.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const KEY = newKeyText().trim();
const HEX = Buffer.from(KEY, "base64").toString("hex");
const OTHER = newKeyText().trim();

test("base64 and hexadecimal digits are the same key; comments and empty lines count for nothing", () => {
  const { current, earlier } = parseOperatorKeys(`# made in May\n\n${HEX}\n  ${OTHER}\r\n`, "a test");
  expect(current).toEqual(parseOperatorKeys(KEY, "a test").current);
  expect(earlier).toEqual([parseOperatorKeys(OTHER, "a test").current]);
});

test.each([
  { text: "", why: "it holds no key" },
  { text: "# only words\n", why: "it holds no key" },
  { text: KEY.slice(4), why: "its key 1 is not 32 bytes in base64 or hexadecimal digits" },
  { text: `${KEY}\npassword`, why: "its key 2 is not 32 bytes in base64 or hexadecimal digits" },
  {
    text: Buffer.alloc(32).toString("base64"),
    why: "its key 1 is not 32 bytes in base64 or hexadecimal digits",
  },
  { text: `${KEY}\n${HEX}`, why: /^it holds key [0-9a-f]{12} twice$/ },
])("refused: $why", ({ text, why }) => {
  const parse = () => parseOperatorKeys(text, "file k");
  expect(parse).toThrow(expect.objectContaining({ code: "ENCRYPTION_KEY_UNUSABLE" }));
  expect(parse).toThrow(
    expect.objectContaining({ parts: expect.objectContaining({ why: expect.stringMatching(why) }) }),
  );
});

async function keyFile(mode: number): Promise<string> {
  const folder = await temporaryFolder();
  const file = join(folder, "key");
  await writeFile(file, `${KEY}\n`);
  await chmod(file, mode);
  return file;
}

test.each([
  { mode: 0o600, usable: true },
  { mode: 0o400, usable: true },
  // As Kubernetes mounts a secret for a pod's group.
  { mode: 0o440, usable: true },
  { mode: 0o644, usable: false },
  { mode: 0o660, usable: false },
  { mode: 0o604, usable: false },
])("a key file of mode $mode: $usable", async ({ mode, usable }) => {
  const read = readOperatorKeys({ kind: "file", path: await keyFile(mode) });
  if (usable) expect(idsOf(await read)).toEqual(idsOf(parseOperatorKeys(KEY, "")));
  else await expect(read).rejects.toMatchObject({ code: "ENCRYPTION_KEY_UNUSABLE", parts: { exit: 3 } });
});

test("a command prints the key; one that fails is told by how it ended, and never by what it printed", async () => {
  const given = await readOperatorKeys({ kind: "command", command: `echo ${KEY}` });
  expect(idsOf(given)).toEqual(idsOf(parseOperatorKeys(KEY, "")));
  const failing = readOperatorKeys({ kind: "command", command: `echo ${KEY}; echo ${KEY} >&2; exit 7` });
  const error = await failing.catch((failure: unknown) => failure);
  expect(error).toMatchObject({
    code: "ENCRYPTION_KEY_UNUSABLE",
    parts: { why: 'it ended with 7, and said "[hidden]"' },
  });
  expect(JSON.stringify(error)).not.toContain(KEY);
  const absent = readOperatorKeys({ kind: "file", path: "/nowhere/key" });
  await expect(absent).rejects.toMatchObject({ parts: { why: expect.stringContaining("ENOENT") } });
  expect(() => keySourceOf("a", "b")).toThrow(expect.objectContaining({ code: "USAGE" }));
  expect(keySourceOf(undefined, undefined)).toBeNull();
});
