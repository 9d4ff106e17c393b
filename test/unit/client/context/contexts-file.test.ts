// contexts.yaml: where it is, what is read from it, and that edits leave the rest of it alone.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  changeContexts,
  contextsFilePath,
  loadContexts,
} from "../../../../src/client/context/contexts-file.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { failureOf, fakeWorld } from "../local/fakes.ts";

test.each([
  { env: { XDG_CONFIG_HOME: "/x", HOME: "/h" }, path: "/x/fleet/contexts.yaml", why: "XDG is asked first" },
  { env: { HOME: "/h" }, path: "/h/.config/fleet/contexts.yaml", why: "XDG's own default" },
  { env: { XDG_CONFIG_HOME: "", HOME: "/h" }, path: "/h/.config/fleet/contexts.yaml", why: "empty is unset" },
  {
    env: { XDG_CONFIG_HOME: "x", HOME: "/h" },
    path: "/h/.config/fleet/contexts.yaml",
    why: "relative is ignored",
  },
])("$path: $why", ({ env, path }) => {
  expect(contextsFilePath(env)).toBe(path);
});

test("an absent file knows no contexts", async () => {
  const path = join(await temporaryFolder(), "contexts.yaml");
  expect(await loadContexts(path)).toEqual({ current: null, contexts: new Map() });
});

test("edits keep comments, other contexts and fields of other programs", async () => {
  const { root, deps } = await fakeWorld();
  const path = join(root, "contexts.yaml");
  const mine =
    "# mine\n\ncurrent: prod\ncolour: never\ncontexts:\n  prod:\n    endpoints:\n      - p:1 # careful\n    readOnly: true\n";
  await writeFile(path, mine);
  const context = { endpoints: ["127.0.0.1:4001"], directory: "/f" };
  await changeContexts(path, deps, () => ({ change: { set: { local: context } } }));
  expect(await readFile(path, "utf8")).toBe(
    `${mine}  local:\n    endpoints:\n      - 127.0.0.1:4001\n    directory: /f\n`,
  );
  await changeContexts(path, deps, () => ({ change: { current: null, set: { local: null } } }));
  expect(await readFile(path, "utf8")).toBe(mine.replace("current: prod\n", ""));
});

test("a context added after the last one was removed is written over several lines", async () => {
  const { root, deps } = await fakeWorld();
  const path = join(root, "contexts.yaml");
  const set = async (context: { endpoints: string[] } | null) => {
    await changeContexts(path, deps, () => ({ change: { set: { local: context } } }));
    return readFile(path, "utf8");
  };
  const first = await set({ endpoints: ["h:1"] });
  expect(first).toBe("contexts:\n  local:\n    endpoints:\n      - h:1\n");
  await set(null);
  expect(await set({ endpoints: ["h:1"] })).toBe(first);
});

test.each([
  { text: "contexts: []", fault: "contexts must be a mapping: found a list" },
  {
    text: "contexts: {a: {endpoints: [nowhere]}}",
    fault: 'contexts.a.endpoints[0] must be an address host:port: found "nowhere"',
  },
  {
    text: "contexts: {a: {tls: {ca: x, cert: y}}}",
    fault: "contexts.a.tls.key must be a text: it is missing",
  },
  { text: "contexts: {a: {readOnly: 1}}", fault: "contexts.a.readOnly must be true or false: found 1" },
])("$fault, and the file stays as it is", async ({ text, fault }) => {
  const { root, deps } = await fakeWorld();
  const path = join(root, "config", "contexts.yaml");
  await mkdir(join(root, "config"));
  await writeFile(path, text);
  const change = () => changeContexts(path, deps, () => ({ change: { current: "b", set: {} } }));
  const what = `${path}:1: ${fault}`;
  expect(await failureOf(change())).toMatchObject({ code: "CONFIG_INVALID", what });
  expect(await failureOf(loadContexts(path))).toMatchObject({ what });
  expect(await readFile(path, "utf8")).toBe(text);
});
