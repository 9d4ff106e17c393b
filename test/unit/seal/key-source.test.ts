// Reading the operator's keys ends, whatever stands where they should be: the threads that read files write the log too.

import { execFileSync } from "node:child_process";
import { chmod, link, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runKeyCommand } from "../../../src/core/seal/key-command.ts";
import { replaceKeyText } from "../../../src/core/seal/key-file.ts";
import { keySourceOf, readOperatorKeys } from "../../../src/core/seal/key-source.ts";
import { idsOf, newKeyText, parseOperatorKeys } from "../../../src/core/seal/operator-keys.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const fileAt = (path: string) => readOperatorKeys({ kind: "file", path });
const because = (why: string) => ({
  code: "ENCRYPTION_KEY_UNUSABLE",
  parts: { why: expect.stringContaining(why) },
});

test("a pipe, a device, a folder and a file that is too large are refused, and not waited for", async () => {
  const directory = await temporaryFolder();
  const pipe = join(directory, "pipe");
  execFileSync("mkfifo", ["-m", "600", pipe]);
  await expect(fileAt(pipe)).rejects.toMatchObject(because("it is a pipe or a device"));
  await expect(fileAt("/dev/zero")).rejects.toMatchObject(because("it is a pipe or a device"));
  await expect(fileAt(directory)).rejects.toMatchObject(because("it is a folder"));
  const large = join(directory, "large");
  await writeFile(large, `${newKeyText()}#${"x".repeat(64 * 1024)}\n`, { mode: 0o600 });
  await expect(fileAt(large)).rejects.toMatchObject(because("it is larger than 64 KB"));
});

test("who asks while keys are read gets what stands there afterwards, in one more read for all of them", async () => {
  const directory = await temporaryFolder();
  const [first, second] = [newKeyText(), newKeyText()];
  await writeFile(join(directory, "key"), first);
  const command = `cd ${directory}; echo . >> count; k=$(cat key); : > read; until [ -e go ]; do sleep 0.02; done; echo $k`;
  const read = () => readOperatorKeys({ kind: "command", command });
  const earlier = read();
  await expect.poll(() => readdir(directory), { timeout: 10_000 }).toContain("read");
  await writeFile(join(directory, "key"), second);
  const later = Promise.all([read(), read(), read()]);
  await writeFile(join(directory, "go"), "");
  expect(idsOf(await earlier)).toEqual(idsOf(parseOperatorKeys(first, "")));
  for (const keys of await later) expect(idsOf(keys)).toEqual(idsOf(parseOperatorKeys(second, "")));
  expect(await readFile(join(directory, "count"), "utf8")).toBe(".\n.\n");
});

// It waits for real seconds.
test("a command that ignores signals is ended in time, with what it started", {
  timeout: 30_000,
}, async () => {
  const file = join(await temporaryFolder(), "group");
  const stubborn = `trap "" TERM INT; echo $$ > ${file}.new; mv ${file}.new ${file}; sleep 600; sleep 600`;
  await expect(runKeyCommand(stubborn, 3_000)).rejects.toMatchObject(because("it did not end within 3 s"));
  const group = Number(await readFile(file, "utf8"));
  expect(group).toBeGreaterThan(1);
  const lives = () => {
    try {
      return process.kill(-group, 0);
    } catch {
      return false;
    }
  };
  await expect.poll(lives).toBe(false);
});

test("a command is given no input, may print so much, and its words are told without what may be a key", async () => {
  expect(await runKeyCommand("cat; echo done")).toBe("done\n");
  await expect(runKeyCommand("while :; do echo 0123456789; done")).rejects.toMatchObject(
    because("it printed more than 64 KB"),
  );
  const key = newKeyText().trim();
  const denied = `printf 'denied:\\033[31m ${key}\\n' >&2; exit 2`;
  const error = await runKeyCommand(denied).catch((failure: unknown) => failure);
  expect(error).toMatchObject(because("it ended with 2, and said"));
  expect(error).toMatchObject(because("denied:"));
  expect(error).toMatchObject({ parts: { next: expect.not.stringContaining("key generate") } });
  expect(JSON.stringify(error)).not.toContain(key);
  expect(JSON.stringify(error)).not.toContain("\u001B");
});

test("an empty flag is no key source", () => {
  expect(() => keySourceOf("", undefined)).toThrow(expect.objectContaining({ code: "USAGE" }));
  expect(() => keySourceOf(undefined, " ")).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test("a key file that is replaced keeps its mode, its owner and group, and the link to it", async () => {
  const directory = await temporaryFolder();
  const [file, name] = [join(directory, "file"), join(directory, "link")];
  await writeFile(file, "old\n");
  await chmod(file, 0o640);
  // Owners are another's to give away: only root can test that they stay.
  if (process.getuid?.() === 0) execFileSync("chown", ["12:34", file]);
  const before = await stat(file);
  await symlink("file", name);
  await link(file, join(directory, "copy"));
  await replaceKeyText(name, "new\n");
  const { mode, uid, gid } = await stat(file);
  expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: before.uid, gid: before.gid });
  expect(await readFile(file, "utf8")).toBe("new\n");
  expect(
    (await readdir(directory, { withFileTypes: true })).map((at) => [at.name, at.isSymbolicLink()]),
  ).toEqual(expect.arrayContaining([["link", true]]));
  expect((await readdir(directory)).sort()).toEqual(["copy", "file", "link"]);
});
