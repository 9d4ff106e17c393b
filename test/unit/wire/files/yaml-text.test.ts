// YAML that no sound operator writes is a file that is wrong, and no bug of fleet (issue 11).
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseFleetFile } from "../../../../src/client/files/fleet-file.ts";
import { readPlan } from "../../../../src/client/rebind/plan-file.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import { parseAgentsFile } from "../../../../src/core/wire/files/agents-file.ts";
import { parseMachinesFile } from "../../../../src/core/wire/files/machines-file.ts";
import { readYamlDocument, yamlValue } from "../../../../src/core/wire/files/yaml-text.ts";
import { makeFolder, removeFolder } from "../../../make-folder.ts";

const nine = (name: string) => Array.from({ length: 9 }, () => `*${name}`).join(",");
const BOMB = [
  "a: &a [x,x,x,x,x,x,x,x,x]",
  ..."bcdefghi".split("").map((name, at) => `${name}: &${name} [${nine("abcdefghi".charAt(at))}]`),
].join("\n");
const ITEM_BOMB = (list: string) =>
  `${BOMB}\n${list}:\n  - {cluster: [${nine("i")}], instanceType: [${nine("i")}]}\n`;

function readYaml(text: string) {
  const read = readYamlDocument(text);
  return read.ok ? yamlValue(read.document, read.lines) : read;
}

test.each([
  { text: BOMB, why: /aliases expand to too many/, of: "an alias bomb" },
  { text: "a: *nothing", why: /alias.*nothing/i, of: "an alias of nothing" },
  { text: "[".repeat(100_000), why: /^it is nested too deeply$/, of: "brackets without end" },
  { text: `${"[".repeat(20_000)}\n`, why: /^it is nested too deeply$/, of: "brackets in one line" },
  { text: "a: [", why: /flow/i, of: "broken YAML" },
  { text: "a: 1\na: 2", why: /unique/i, of: "a key twice" },
])("$of has a reason, and throws nothing", ({ text, why }) => {
  const read = readYaml(text);
  expect(read.ok ? "" : read.problems.map(({ what }) => what).join("; ")).toMatch(why);
});

test.each([
  { text: "a: &x 1\nb: *x\n\nc:\n  - *nothing\nd: *none", line: 5, of: "an alias of nothing" },
  { text: "a: *x\nb: &x 1", line: 1, of: "an alias before its anchor" },
  { text: "a: 1\nb: {", line: 2, of: "broken YAML" },
])("$of is told at its line, and says the place nowhere else", ({ text, line }) => {
  const read = readYaml(text);
  const problems = read.ok ? [] : read.problems;
  expect(problems[0]).toMatchObject({ line, what: expect.not.stringMatching(/line \d|column|:$/) });
});

test("a few aliases are what they stand for", () => {
  expect(readYaml("a: &a {x: 1}\nb: *a\nc: [*a, *a]")).toEqual({
    ok: true,
    value: { a: { x: 1 }, b: { x: 1 }, c: [{ x: 1 }, { x: 1 }] },
  });
});

test.each([
  { read: () => parseFleetFile("fleet.yaml", BOMB), of: "a configuration", exit: Exit.NotFound },
  { read: () => parseAgentsFile(ITEM_BOMB("agents"), "agents.yaml"), of: "an agents file", exit: Exit.Usage },
  {
    read: () => parseMachinesFile(ITEM_BOMB("machines"), "machines.yaml"),
    of: "a machines file",
    exit: Exit.Usage,
  },
])("a bomb in $of is an error with exit code $exit, and no bug", ({ read, exit }) => {
  let failure: unknown;
  try {
    read();
  } catch (error) {
    failure = error;
  }
  expect(failure).toBeInstanceOf(OperatorError);
  expect(failure).toMatchObject({ parts: { exit } });
});

test("so is one in a plan", async () => {
  const folder = await makeFolder();
  const path = join(folder, "plan.yaml");
  await writeFile(path, BOMB);
  await expect(readPlan(path)).rejects.toMatchObject({ code: "PLAN_INVALID", parts: { exit: Exit.Usage } });
  await removeFolder(folder);
});
