// Which store is meant: an etcd cluster's context or typed endpoints, in plaintext only when that is said.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import type { TargetInput } from "../../../../src/client/context/resolve-target.ts";
import { findStore } from "../../../../src/client/etcd/find-store.ts";
import ContextAdd from "../../../../src/commands/context/add.ts";
import ShardList from "../../../../src/commands/shard/list.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { run } from "../../commands/harness.ts";
import { failureOf } from "../local/fakes.ts";

let root: string;
let file: string;
beforeEach(async () => {
  root = await temporaryFolder();
  file = join(root, "fleet", "contexts.yaml");
  await mkdir(join(root, "fleet"));
  await writeFile(
    file,
    `current: store
contexts:
  store: {kind: etcd, endpoints: [e1:2379, e2:2379], tls: {ca: ca.crt, cert: me.crt, key: me.key}, readOnly: true}
  open: {kind: etcd, endpoints: [e3:2379], plaintext: true}
  half: {kind: etcd, endpoints: [e3:2379], tls: {ca: ca.crt}}
  silent: {kind: etcd, endpoints: [e3:2379]}
  both: {kind: etcd, endpoints: [e3:2379], plaintext: true, tls: {ca: ca.crt}}
  prod: {endpoints: [p1:7001], tls: {ca: ca.crt, cert: me.crt, key: me.key}}
`,
  );
});

const ask = (input: Partial<TargetInput>, etcdEndpoints?: string, env: Record<string, string> = {}) =>
  findStore({ ...input, cwd: root, env: { XDG_CONFIG_HOME: root, ...env } }, etcdEndpoints, 5_000);
const own = (name: string) => join(root, "fleet", name);

test("the current context's cluster, with its files and manner", async () => {
  expect(await ask({})).toMatchObject({
    name: "store",
    readOnly: true,
    endpoints: [{ address: "e1:2379" }, { address: "e2:2379" }],
    etcd: { ca: own("ca.crt"), cert: own("me.crt"), key: own("me.key") },
  });
});

test("a cluster that asks for no client certificate, and one in plaintext", async () => {
  expect((await ask({ context: "half" })).etcd).toEqual({ ca: own("ca.crt") });
  expect((await ask({ context: "open" })).etcd).toBe("plaintext");
});

test("typed endpoints and files", async () => {
  expect(await ask({ ca: "/ca" }, "a:1,b:2")).toMatchObject({ etcd: { ca: "/ca" }, name: "a:1,b:2" });
  expect((await ask({ insecureLoopback: true }, "127.0.0.1:1")).etcd).toBe("insecure-loopback");
  const variable = { FLEET_ETCD_ENDPOINTS: "a:1", FLEET_CA: "/ca" };
  expect((await ask({}, undefined, variable)).origin).toBe("FLEET_ETCD_ENDPOINTS");
  expect((await ask({ context: "open" }, undefined, variable)).name).toBe("open");
});

test.each([
  { input: { context: "silent" }, code: "CONFIG_INVALID", why: "neither TLS nor plaintext is said" },
  { input: { context: "both" }, code: "CONFIG_INVALID", why: "both are said" },
  { input: {}, typed: "a:1", code: "TLS_MISSING", why: "plaintext was not asked for" },
  { input: { context: "open" }, typed: "a:1", code: "USAGE", why: "two clusters are named" },
  { input: { ca: "/ca" }, typed: "a", code: "USAGE", why: "no port" },
])("refused: $why", async ({ input, typed, code }) => {
  expect(await failureOf(ask(input, typed))).toMatchObject({ code });
});

test("refused: a certificate without its key", async () => {
  await writeFile(file, "contexts: {a: {kind: etcd, endpoints: [e:1], tls: {ca: ca.crt, cert: me.crt}}}\n");
  const what = expect.stringContaining("contexts.a.tls.key");
  expect(await failureOf(ask({ context: "a" }))).toMatchObject({ code: "CONFIG_INVALID", what });
});

test("fleet context add writes what is read again, and replaces nothing", async () => {
  vi.stubEnv("XDG_CONFIG_HOME", root);
  const add = (...argv: string[]) => run(ContextAdd, "context:add", argv);
  expect(await add("new", "--etcd", "n1:1,n2:1", "--plaintext", "--read-only")).toMatchObject({ exit: 0 });
  expect(await ask({ context: "new" })).toMatchObject({ etcd: "plaintext", readOnly: true });
  expect(await add("secure", "--etcd", "n1:1", "--ca", "/x/ca.crt")).toMatchObject({ exit: 0 });
  expect((await ask({ context: "secure" })).etcd).toEqual({ ca: "/x/ca.crt" });
  const before = await readFile(file, "utf8");
  expect(await add("new", "--etcd", "n1:1", "--plaintext")).toMatchObject({ exit: Exit.Precondition });
  expect(await add("x", "--etcd", "n1:1")).toMatchObject({ exit: Exit.Usage });
  expect(await add("x", "--etcd", "n1", "--plaintext")).toMatchObject({ exit: Exit.Usage });
  expect(await readFile(file, "utf8")).toBe(before);
});

test("a command about a fleet says that an etcd cluster is none", async () => {
  vi.stubEnv("XDG_CONFIG_HOME", root);
  const ran = await run(ShardList, "shard:list", ["--context", "open"]);
  expect(ran).toMatchObject({ exit: Exit.Precondition, stderr: expect.stringContaining("n/a") });
});
