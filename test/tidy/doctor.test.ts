// What `fleet doctor` proposes next can be typed: each command in its checks exists, with the flags that it is given.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands, manifest, root } from "../cli/manifest.ts";

const TOPICS = new Set(commands.map((command) => command.split(" ")[0]));
const texts = globSync("src/client/doctor/checks/*.ts", { cwd: root }).flatMap((path) => {
  const text = readFileSync(join(root, path), "utf8");
  return [...text.matchAll(/(["`])((?:(?!\1)[\s\S])*\bfleet [a-z][^"`]*)\1/g)].map(([, , line = ""]) => line);
});

/** "shard show" of the words behind `fleet`; null = there is no such command. */
function commandIn(words: readonly string[]): string | null {
  for (let count = Math.min(3, words.length); count > 0; count -= 1) {
    const command = words.slice(0, count).join(" ");
    if (commands.includes(command)) return command;
  }
  return null;
}

// Prose such as "this fleet is the right one" names no command.
const proposals = texts
  .flatMap((text) =>
    [...text.matchAll(/\bfleet ([a-z][a-z-]*(?: (?:-{1,2})?[a-z][a-z-]*)*)/g)].map(([, line = ""]) => line),
  )
  .filter((line) => TOPICS.has(line.split(" ")[0] ?? ""));

test("there are proposals", () => expect(proposals.length).toBeGreaterThan(25));

test.each([...new Set(proposals)])("fleet %s", (line) => {
  const words = line.split(" ");
  const command = commandIn(words);
  expect(command, `fleet ${line} is no command`).not.toBeNull();
  const { flags } = manifest.commands[(command ?? "").replaceAll(" ", ":")] ?? { flags: {} };
  const known = Object.entries(flags).flatMap(([name, { char }]) => [
    `--${name}`,
    ...(char ? [`-${char}`] : []),
  ]);
  const given = words.filter((word) => word.startsWith("-"));
  expect(given.filter((flag) => !known.includes(flag))).toEqual([]);
});
