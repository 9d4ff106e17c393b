// A context's endpoints after its fleet's members have changed.
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadContexts } from "../../../../src/client/context/contexts-file.ts";
import { followedNote, followMembers } from "../../../../src/client/context/follow-members.ts";
import { OperatorError } from "../../../../src/core/base/errors.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { fakeWorld } from "../local/fakes.ts";

const TEXT = `current: prod
contexts:
  # Ours.
  prod:
    endpoints: [h1:1, h2:1]
    color: red
  proxy:
    endpoints: [lb:1]
  here:
    directory: /srv/f
`;

async function followed(name: string, before: readonly string[], after: readonly string[]) {
  const file = join(await temporaryFolder(), "contexts.yaml");
  await writeFile(file, TEXT);
  const { deps } = await fakeWorld();
  const said = await followMembers(file, name, { before, after }, deps);
  const { contexts } = await loadContexts(file);
  return { said, endpoints: contexts.get(name)?.endpoints, color: contexts.get("prod")?.color };
}

const BOTH = ["h1:1", "h2:1"];

test.each([
  { before: BOTH, after: [...BOTH, "h3:1"], is: [...BOTH, "h3:1"], why: "one was added" },
  { before: BOTH, after: ["h1:1"], is: ["h1:1"], why: "one was removed" },
  {
    before: [...BOTH, "h4:1"],
    after: ["h1:1", "h3:1", "h4:1"],
    is: ["h1:1", "h3:1"],
    why: "one was replaced",
  },
])("$is: $why", async ({ before, after, is }) => {
  expect(await followed("prod", before, after)).toEqual({ said: is, endpoints: is, color: "red" });
});

test.each([
  { name: "prod", before: BOTH, after: BOTH, why: "nothing changed" },
  { name: "prod", before: BOTH, after: [], why: "it would name no node" },
  { name: "proxy", before: BOTH, after: ["h1:1"], why: "a proxy's address is no member's" },
  { name: "here", before: BOTH, after: ["h1:1"], why: "a local fleet's folder says where its nodes are" },
  { name: "other", before: BOTH, after: ["h1:1"], why: "there is no such context" },
])("$name stays: $why", async ({ name, before, after }) => {
  expect((await followed(name, before, after)).said).toBeNull();
});

test("without such a context nothing is written, not even a lock", async () => {
  const folder = await temporaryFolder();
  const { deps } = await fakeWorld();
  const changed = { before: BOTH, after: ["h1:1"] };
  expect(await followMembers(join(folder, "fleet", "contexts.yaml"), "h1:1", changed, deps)).toBeNull();
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  { error: Object.assign(new Error("EROFS: read-only"), { code: "EROFS" }), why: "EROFS: read-only" },
  { error: new OperatorError("NO_LEADER", { what: "none leads", next: "wait", exit: 1 }), why: "none leads" },
])("what fails after the change is said, and no failure of the change: $why", async ({ error, why }) => {
  expect(await followedNote("prod", () => Promise.reject(error))).toContain(why);
  expect(await followedNote("prod", async () => ["h1:1"])).toBe("context prod now names h1:1");
});
