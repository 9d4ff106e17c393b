import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { openMover } from "../../../../src/client/rebind/executor.ts";
import { formatAgentsFile, parseAgentsFile } from "../../../../src/core/wire/files/agents-file.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

const reads = vi.hoisted(() => ({ count: 0 }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const counted = (...asked: Parameters<typeof real.readFile>) => {
    reads.count += 1;
    return real.readFile(...asked);
  };
  return { ...real, readFile: counted };
});

const MOVE = { cluster: "c1", from: "s1", to: "s2", migrationId: "m-1" };
const ADDRESS = "127.0.0.1:7002";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe("a command", () => {
  const node = (code: string) => `'${process.execPath}' -e '${code}' {cluster} {address}`;
  const opened = (code: string) => openMover({ kind: "command", command: node(code) }, undefined);

  test("that asks a question is told that nobody answers, instead of hanging", async () => {
    const mover = await opened("process.stdin.resume()");
    await expect(mover.moveAgent(MOVE, ADDRESS)).resolves.toBeUndefined();
  });

  test("that fails after a long speech is quoted with its last words", async () => {
    const mover = await opened(
      'console.error("x".repeat(2e6)); console.error("because"); process.exitCode = 3',
    );
    await expect(mover.moveAgent(MOVE, ADDRESS)).rejects.toMatchObject({
      code: "EXECUTOR_FAILED",
      parts: { why: expect.stringMatching(/because$/) },
    });
  });

  test("that does not exist fails as such", async () => {
    const mover = await openMover({ kind: "command", command: "/no/such/program" }, undefined);
    await expect(mover.moveAgent(MOVE, ADDRESS)).rejects.toMatchObject({ code: "EXECUTOR_FAILED" });
  });

  test("with an unknown placeholder is refused before it is run", async () => {
    const mover = await openMover({ kind: "command", command: "helm {shard}" }, undefined);
    await expect(mover.check(MOVE, ADDRESS)).rejects.toMatchObject({ code: "COMMAND_UNUSABLE" });
  });
});

describe("the local executor", () => {
  const file = () => join(folder, "agents", "agents.yaml");
  const opened = () => openMover({ kind: "local" }, folder);

  beforeEach(() => mkdir(join(folder, "agents")));

  test("needs a local fleet", async () => {
    await expect(openMover({ kind: "local" }, undefined)).rejects.toMatchObject({
      code: "EXECUTOR_NOT_LOCAL",
    });
  });

  test.each([
    { agents: null, why: "no agents at all" },
    { agents: [{ cluster: "c2", shardAddr: "127.0.0.1:7001" }], why: "not this cluster's agent" },
  ])("says beforehand that it has $why", async ({ agents }) => {
    if (agents !== null) await writeFile(file(), formatAgentsFile(agents));
    await expect((await opened()).check(MOVE, ADDRESS)).rejects.toMatchObject({ code: "AGENT_UNKNOWN" });
  });

  test("checks each of many moves without reading the file for each", async () => {
    const clusters = Array.from({ length: 2_000 }, (_, at) => `c${at}`);
    await writeFile(file(), formatAgentsFile(clusters.map((cluster) => ({ cluster, shardAddr: "a:1" }))));
    const mover = await opened();
    reads.count = 0;
    for (const cluster of clusters) await mover.check({ ...MOVE, cluster }, ADDRESS);
    expect(reads.count).toBe(1);
    await mover.moveAgent({ ...MOVE, cluster: "c1" }, ADDRESS);
    await writeFile(file(), formatAgentsFile([{ cluster: "c2", shardAddr: "a:1" }]));
    await expect(mover.check(MOVE, ADDRESS)).rejects.toMatchObject({ code: "AGENT_UNKNOWN" });
  });

  test("loses no change when many are made at once, by this process and by others", async () => {
    const clusters = Array.from({ length: 8 }, (_, at) => `c${at}`);
    await writeFile(file(), formatAgentsFile(clusters.map((cluster) => ({ cluster, shardAddr: "a:1" }))));
    const movers = [await opened(), await opened()];
    await Promise.all(
      clusters.map((cluster, at) => movers[at % 2]?.moveAgent({ ...MOVE, cluster }, ADDRESS)),
    );
    const agents = parseAgentsFile(await readFile(file(), "utf8"), file());
    expect(agents.map(({ shardAddr }) => shardAddr)).toEqual(clusters.map(() => ADDRESS));
  });
});
