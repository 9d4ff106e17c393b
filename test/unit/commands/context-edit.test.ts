// `fleet context add|set|delete`: what the file has afterwards, and what is refused with the file unchanged.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parse } from "yaml";
import ContextAdd from "../../../src/commands/context/add.ts";
import ContextDelete from "../../../src/commands/context/delete.ts";
import ContextSet from "../../../src/commands/context/set.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { run } from "./harness.ts";

let file = "";
beforeEach(async () => {
  const folder = await temporaryFolder();
  vi.stubEnv("XDG_CONFIG_HOME", folder);
  await mkdir(join(folder, "fleet"));
  file = join(folder, "fleet", "contexts.yaml");
});
afterEach(() => vi.unstubAllEnvs());

const add = (...argv: string[]) => run(ContextAdd, "context:add", argv);
const set = (...argv: string[]) => run(ContextSet, "context:set", argv);
const remove = (...argv: string[]) => run(ContextDelete, "context:delete", argv);
const contents = async () => parse(await readFile(file, "utf8"));

test("a context is added, changed and deleted; the first one is current, and no other becomes it", async () => {
  const tls = ["--ca", "ca.crt", "--cert", "me.crt", "--key", "me.key"];
  expect((await add("prod", "--endpoints", "a:1, b:2", ...tls)).exit).toBe(0);
  await add("lab", "--dir", "lab", "--color", "green");
  expect(await contents()).toEqual({
    current: "prod",
    contexts: {
      prod: {
        endpoints: ["a:1", "b:2"],
        tls: { ca: resolve("ca.crt"), cert: resolve("me.crt"), key: resolve("me.key") },
      },
      lab: { endpoints: [], directory: resolve("lab"), color: "green" },
    },
  });
  await set("prod", "--read-only", "--endpoints", "c:3", "--cert", "new.crt");
  expect((await contents()).contexts.prod).toEqual({
    endpoints: ["c:3"],
    tls: { ca: resolve("ca.crt"), cert: resolve("new.crt"), key: resolve("me.key") },
    readOnly: true,
  });
  await set("prod", "--no-read-only");
  expect((await contents()).contexts.prod.readOnly).toBe(false);
  expect((await remove("prod")).stdout).toBe("deleted context prod\nno context is current\n");
  const left = await contents();
  expect([left.current, Object.keys(left.contexts)]).toEqual([undefined, ["lab"]]);
});

test("comments and unknown fields of the file stay", async () => {
  await writeFile(file, "# mine\ncontexts:\n  a:\n    endpoints: [h:1] # rack 7\nlater: 1\n");
  await add("b", "--endpoints", "h:2");
  const text = await readFile(file, "utf8");
  for (const part of ["# mine", "# rack 7", "later: 1"]) expect(text).toContain(part);
});

test.each([
  { argv: ["a", "--endpoints", "h:2"], exit: 9, says: "CONTEXT_EXISTS", why: "it is never replaced" },
  { argv: ["b"], exit: 2, says: "needs a fleet", why: "it would mean nothing" },
  { argv: ["b", "--endpoints", "h"], exit: 2, says: "not host:port", why: "a port is missing" },
  {
    argv: ["b", "--endpoints", "h:1", "--ca", "x"],
    exit: 2,
    says: "belong together",
    why: "files are missing",
  },
  { argv: ["-x y", "--endpoints", "h:1"], exit: 2, says: "USAGE", why: "no name" },
  { argv: ["B/..", "--endpoints", "h:1"], exit: 2, says: "cannot name a context", why: "a path" },
])("add $argv is refused: $why", async ({ argv, exit, says }) => {
  await writeFile(file, "contexts:\n  a:\n    endpoints: [h:1]\n");
  const before = await readFile(file, "utf8");
  const ran = await add(...argv);
  expect([ran.exit, ran.stderr]).toEqual([exit, expect.stringContaining(says)]);
  expect(await readFile(file, "utf8")).toBe(before);
});

test("an etcd cluster is named with its own rules, and never becomes the current one", async () => {
  const tls = ["--ca", "ca.crt", "--cert", "me.crt", "--key", "me.key"];
  expect((await add("store", "--etcd", "a:1,b:2", ...tls, "--read-only")).exit).toBe(0);
  expect((await add("scratch", "--etcd", "c:3", "--plaintext")).exit).toBe(0);
  expect(await contents()).toEqual({
    contexts: {
      store: {
        ...{ kind: "etcd", endpoints: ["a:1", "b:2"], readOnly: true },
        tls: { ca: resolve("ca.crt"), cert: resolve("me.crt"), key: resolve("me.key") },
      },
      scratch: { kind: "etcd", endpoints: ["c:3"], plaintext: true },
    },
  });
});

test.each([
  { argv: ["--etcd", "h:1"], why: "plaintext is said, or TLS files are given" },
  { argv: ["--etcd", "h"], why: "no port" },
  { argv: ["--etcd", "h:1", "--cert", "me.crt"], why: "a certificate without its key" },
  { argv: ["--etcd", "h:1", "--plaintext", "--ca", "x"], why: "both" },
  { argv: ["--etcd", "h:1", "--endpoints", "h:1", "--plaintext"], why: "a fleet and a cluster" },
])("add $argv is wrong usage: $why", async ({ argv }) => expect((await add("b", ...argv)).exit).toBe(2));

test("a context that is not there is neither changed nor deleted", async () => {
  expect((await set("a", "--read-only")).exit).toBe(3);
  expect((await remove("a")).exit).toBe(3);
  await add("a", "--endpoints", "h:1");
  expect((await set("a")).exit).toBe(2);
});
