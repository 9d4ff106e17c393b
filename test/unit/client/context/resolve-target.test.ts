// Which fleet is meant: flag > FLEET_* variable > .fleet here > current context, value by value.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { resolveTarget, type TargetInput } from "../../../../src/client/context/resolve-target.ts";
import type { Target } from "../../../../src/client/context/target.ts";
import { formatFleetFile } from "../../../../src/client/files/fleet-file.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { failureOf } from "../local/fakes.ts";

let root: string;
let file: string;
beforeEach(async () => {
  root = await temporaryFolder();
  file = join(root, "config", "fleet", "contexts.yaml");
  await mkdir(join(root, "config", "fleet"), { recursive: true });
  await mkdir(join(root, "empty"));
  await writeFleet("here", "127.0.0.1:4001");
  await writeFleet("there", "127.0.0.1:4002");
  await writeContexts("prod");
});

/** A fleet in <name>/.fleet. */
async function writeFleet(name: string, address: string): Promise<void> {
  await mkdir(join(root, name, ".fleet"), { recursive: true });
  const nodes = [{ id: 1, name: "n1", address }];
  const text = formatFleetFile({ name, clusterId: "x", profile: "lan", nodes, shards: [], clusters: [] });
  await writeFile(join(root, name, ".fleet", "fleet.yaml"), text);
}

async function writeContexts(current: string): Promise<void> {
  const tls = "tls: {ca: tls/ca.crt, cert: /tls/ops.crt, key: /tls/ops.key}";
  await writeFile(
    file,
    `current: ${current}
contexts:
  prod: {endpoints: [prod-1:1, prod-2:1], ${tls}, readOnly: true}
  staging: {endpoints: [staging:1], ${tls}}
  guarded: {endpoints: [guarded:1], ${tls}, color: red, hooks: {beforeChange: ./freeze-check}}
  bare: {endpoints: [bare:1]}
  hollow: {}
  gone: {directory: ${join(root, "gone")}, endpoints: [127.0.0.1:9]}
  there: {directory: ${join(root, "there", ".fleet")}}
`,
  );
}

const ask = (input: Partial<Omit<TargetInput, "env">>, cwd: string, env: Record<string, string> = {}) =>
  resolveTarget({ ...input, cwd: join(root, cwd), env: { XDG_CONFIG_HOME: join(root, "config"), ...env } });
const addressesOf = (target: Target): string =>
  target.endpoints.map((endpoint) => endpoint.address).join(",");

const OWN_TLS = { ca: "/o/ca", cert: "/o/cert", key: "/o/key" };

describe("the fleet", () => {
  const env = { FLEET_CONTEXT: "staging" };
  test.each([
    {
      given: { context: "prod" },
      env,
      cwd: "here",
      to: "prod-1:1,prod-2:1",
      by: "--context",
      why: "a flag beats all",
    },
    {
      given: { dir: "there" },
      env,
      cwd: ".",
      to: "127.0.0.1:4002",
      by: "--dir",
      why: "the folder above .fleet does",
    },
    {
      given: { dir: "there/.fleet" },
      env,
      cwd: ".",
      to: "127.0.0.1:4002",
      by: "--dir",
      why: "the folder itself does",
    },
    {
      given: { endpoints: "e:1, e:2", ...OWN_TLS },
      env: {},
      cwd: "here",
      to: "e:1,e:2",
      by: "--endpoints",
      why: "typed out",
    },
    {
      given: { context: "prod" },
      env: { FLEET_ENDPOINTS: "v:1" },
      cwd: ".",
      to: "prod-1:1,prod-2:1",
      by: "--context",
      why: "a flag's fleet beats a variable's value",
    },
    { given: {}, env, cwd: "here", to: "staging:1", by: "FLEET_CONTEXT", why: "a variable beats the folder" },
    {
      given: {},
      env: { FLEET_DIR: "../there" },
      cwd: "here",
      to: "127.0.0.1:4002",
      by: "FLEET_DIR",
      why: "relative to where the command runs",
    },
    {
      given: {},
      env: { FLEET_ENDPOINTS: "v:1", ...env },
      cwd: "here",
      to: "v:1",
      by: "FLEET_ENDPOINTS",
      why: "a value beats the fleet named beside it",
    },
    {
      given: {},
      env: {},
      cwd: "here",
      to: "127.0.0.1:4001",
      by: "the fleet in",
      why: "the folder beats the current context",
    },
    {
      given: {},
      env: {},
      cwd: "empty",
      to: "prod-1:1,prod-2:1",
      by: "current context prod",
      why: "the last resort",
    },
    {
      given: {},
      env: { FLEET_DIR: "" },
      cwd: "here",
      to: "127.0.0.1:4001",
      by: "the fleet in",
      why: "a variable set to nothing is not set",
    },
  ])("$to by $by: $why", async ({ given, env, cwd, to, by }) => {
    const target = await ask(given, cwd, env as Record<string, string>);
    expect(addressesOf(target)).toBe(to);
    expect(target.origin.startsWith(by)).toBe(true);
  });
});

describe("a local fleet", () => {
  test("is known with its nodes, folder and administrator's certificate", async () => {
    const directory = join(root, "here", ".fleet");
    const certs = join(directory, "certs");
    expect(await ask({}, "here")).toMatchObject({
      name: "here",
      clusterName: "here",
      directory,
      endpoints: [{ nodeId: 1, name: "n1", address: "127.0.0.1:4001" }],
      tls: { ca: join(certs, "ca.crt"), cert: join(certs, "admin.crt"), key: join(certs, "admin.key") },
    });
  });

  test("is the same by its context, under the context's name", async () => {
    const target = await ask({ context: "there" }, "empty");
    expect(target).toMatchObject({ name: "there", directory: join(root, "there", ".fleet") });
  });

  test("stays itself when some of its own endpoints are typed out", async () => {
    const target = await ask({ endpoints: "127.0.0.1:4001" }, "here");
    expect(target).toMatchObject({ directory: join(root, "here", ".fleet"), origin: "--endpoints" });
    expect(target.endpoints[0]?.name).toBe("n1");
  });

  test("lends its certificates to other endpoints, but not its folder: nothing there may be killed for them", async () => {
    const target = await ask({ endpoints: "127.0.0.1:4001,other:1" }, "here");
    expect(target.directory).toBeUndefined();
    expect(target.clusterName).toBeUndefined();
    expect(target.settings.map((setting) => setting.key)).not.toContain("directory");
    expect(target.tls).toMatchObject({ cert: join(root, "here", ".fleet", "certs", "admin.crt") });
  });
});

test("every value keeps its origin", async () => {
  const target = await ask({ ca: "/o/ca" }, "empty", { FLEET_KEY: "/v/key" });
  const context = `current context prod (${file})`;
  expect(target.settings).toEqual([
    { key: "ca", value: "/o/ca", origin: "--ca" },
    { key: "key", value: "/v/key", origin: "FLEET_KEY" },
    { key: "endpoints", value: "prod-1:1,prod-2:1", origin: context },
    { key: "cert", value: "/tls/ops.crt", origin: context },
    { key: "readOnly", value: "true", origin: context },
  ]);
  expect(target).toMatchObject({ tls: { ca: "/o/ca", cert: "/tls/ops.crt", key: "/v/key" }, readOnly: true });
});

test("a context's relative files count from the folder of contexts.yaml", async () => {
  expect((await ask({ context: "staging" }, "here")).tls).toMatchObject({
    ca: join(root, "config", "fleet", "tls", "ca.crt"),
  });
});

test("plaintext is used only when asked for, and then names no files", async () => {
  const target = await ask({ endpoints: "127.0.0.1:1", insecureLoopback: true }, "empty");
  expect(target.tls).toBe("insecure-loopback");
  expect(target.settings.map((setting) => setting.key)).toEqual(["endpoints"]);
  expect((await ask({}, "here", { FLEET_INSECURE_LOOPBACK: "1" })).tls).toBe("insecure-loopback");
});

test("values typed out in full ask nothing else: a broken contexts.yaml is no hindrance", async () => {
  await writeFile(file, "contexts: [");
  expect(addressesOf(await ask({ endpoints: "e:1", ...OWN_TLS }, "empty"))).toBe("e:1");
});

describe("refused", () => {
  test.each([
    {
      given: { context: "nope" },
      code: "CONTEXT_UNKNOWN",
      exit: Exit.NotFound,
      says: "bare, gone, guarded, hollow, prod, staging, there",
    },
    {
      given: { context: "gone" },
      code: "CONTEXT_STALE",
      exit: Exit.NotFound,
      says: "no fleet.yaml any more",
    },
    {
      given: { context: "hollow" },
      code: "CONFIG_INVALID",
      exit: Exit.NotFound,
      says: "neither endpoints nor a directory",
    },
    {
      given: { context: "bare" },
      code: "TLS_MISSING",
      exit: Exit.Authentication,
      says: "--ca, --cert, --key missing",
    },
    {
      given: { context: "bare", ca: "/o/ca" },
      code: "TLS_MISSING",
      exit: Exit.Authentication,
      says: ": --cert, --key missing",
    },
    {
      given: { context: "prod", dir: "." },
      code: "USAGE",
      exit: Exit.Usage,
      says: "--dir and --context each name a fleet",
    },
    { given: { endpoints: "" }, code: "USAGE", exit: Exit.Usage, says: "--endpoints is empty" },
    { given: { context: "" }, code: "USAGE", exit: Exit.Usage, says: "--context is empty" },
    { given: { dir: "" }, code: "USAGE", exit: Exit.Usage, says: "--dir is empty" },
    { given: { endpoints: "e:1", ca: "" }, code: "USAGE", exit: Exit.Usage, says: "--ca is empty" },
    { given: { endpoints: "e:1,,", ...OWN_TLS }, code: "USAGE", exit: Exit.Usage, says: "not host:port" },
    { given: { dir: "empty" }, code: "FLEET_NOT_FOUND", exit: Exit.NotFound, says: "there is no fleet in" },
  ])("$code: $says", async ({ given, code, exit, says }) => {
    const failure = await failureOf(ask(given, "."));
    expect(failure).toMatchObject({ code, exit });
    expect(`${failure["what"]} ${failure["why"]}`).toContain(says);
  });

  test("when nothing names a fleet", async () => {
    await rm(file);
    expect(await failureOf(ask({}, "empty"))).toMatchObject({ code: "CONTEXT_MISSING", exit: Exit.NotFound });
  });
});

describe("how the fleet is to be treated", () => {
  const wanted = {
    color: "red",
    beforeChange: { command: "./freeze-check", directory: expect.stringMatching(/config\/fleet$/) },
  };

  test("is the context's, and says where it comes from", async () => {
    const target = await ask({ context: "guarded" }, "empty");
    expect(target).toMatchObject(wanted);
    const origin = expect.stringContaining("--context (");
    expect(target.settings).toContainEqual({ key: "color", value: "red", origin });
    expect(target.settings).toContainEqual({ key: "beforeChange", value: "./freeze-check", origin });
  });

  test("stays when the endpoints are typed out beside it", async () => {
    expect(await ask({ context: "guarded", endpoints: "other:1" }, "empty")).toMatchObject(wanted);
  });

  test("a read-only context says so with its origin", async () => {
    const { settings } = await ask({ context: "prod" }, "empty");
    expect(settings).toContainEqual(expect.objectContaining({ key: "readOnly", value: "true" }));
  });

  test("a colour that is none is refused with those there are", async () => {
    await writeFile(file, "current: x\ncontexts:\n  x: {endpoints: [x:1], color: mauve}\n");
    const failure = await failureOf(ask({}, "empty"));
    expect(failure).toMatchObject({ code: "CONFIG_INVALID" });
    expect(`${failure["what"]} ${failure["why"]}`).toContain("red");
  });
});
