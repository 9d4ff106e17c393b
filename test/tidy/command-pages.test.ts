// The command reference says what the commands say. Both are read from the built manifest.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandReference } from "../../src/ui/cli/command-reference.ts";
import { root } from "./source-files.ts";

const pages = commandReference();
const kept = globSync("docs/commands/*.md", { cwd: root }).map((path) => path.replace("docs/commands/", ""));

test("each page of docs/commands is of a topic that exists, and each topic has its page", () => {
  expect(kept.sort(), "regenerate the pages with: npm run docs").toEqual([...pages.keys()].sort());
});

test.each([...pages])("docs/commands/%s is as the commands are", (name, text) => {
  const found = kept.includes(name) ? readFileSync(join(root, "docs/commands", name), "utf8") : "";
  expect(found, "regenerate the pages with: npm run docs").toBe(text);
});
