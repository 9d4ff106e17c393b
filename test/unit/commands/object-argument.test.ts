// The object of a command is its argument; the flag of earlier builds says the same, and never both.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { objectOf, objectsOf } from "../../../src/ui/cli/object-argument.ts";
import { run } from "./harness.ts";

const COMMANDS = fileURLToPath(new URL("../../../src/commands", import.meta.url));

test.each([
  { given: "n3", alias: undefined, says: "n3" },
  { given: undefined, alias: "n3", says: "n3" },
])("$given $alias", ({ given, alias, says }) => expect(objectOf(given, alias, "NODE")).toBe(says));

test.each([
  { given: "n3", alias: "n4", says: "NODE is given twice" },
  { given: undefined, alias: undefined, says: "NODE is missing" },
])("$says", ({ given, alias, says }) => expect(() => objectOf(given, alias, "NODE")).toThrow(says));

test("a list is made of arguments and aliases, and no flag is taken for a name", () => {
  expect(objectsOf(["c1", "c2"], ["c3"], "CLUSTER")).toEqual(["c1", "c2", "c3"]);
  expect(() => objectsOf([], [], "CLUSTER")).toThrow("CLUSTER is missing");
  expect(() => objectsOf(["c1", "--frob"], [], "CLUSTER")).toThrow("unknown flag: --frob");
});

test.each([
  { path: "member/remove", argv: ["n3", "--name", "n4"], says: "NODE is given twice" },
  { path: "member/add", argv: [], says: "NODE is missing" },
  { path: "member/promote", argv: [], says: "NODE is missing" },
  { path: "cluster/bind", argv: ["c1"], says: "--to is missing" },
  { path: "cluster/bind", argv: ["--to", "s1"], says: "CLUSTER is missing" },
  { path: "cluster/unbind", argv: [], says: "CLUSTER is missing" },
  { path: "domain/assign", argv: ["a=b"], says: "--to is missing" },
  { path: "domain/assign", argv: ["zone", "--to", "s1"], says: "zone is not a topology domain" },
  { path: "domain/unassign", argv: [], says: "DOMAIN is missing" },
  { path: "rebind/index", argv: ["--to", "s1"], says: "CLUSTER is missing" },
  { path: "rebind/plan", argv: ["c1", "--frob", "--to", "s1"], says: "unknown flag: --frob" },
  { path: "verify", argv: [], says: "FOLDER is missing" },
])("$path $argv: $says", async ({ path, argv, says }) => {
  const { default: command } = await import(`${COMMANDS}/${path}.ts`);
  expect(await run(command, path.replace(/\/index$/, "").replaceAll("/", ":"), argv)).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining(says),
  });
});
