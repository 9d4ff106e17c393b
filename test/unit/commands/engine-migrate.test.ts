// The ways out that an unfinished move of the engine prints: each one parses, and means the etcd cluster that is meant.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { planMove } from "../../../src/client/engine/plan-move.ts";
import { notYetAgreed, otherMove, tooLate } from "../../../src/client/engine/refusals.ts";
import {
  type EngineMove,
  moveCommand,
  refuseHalfMoved,
  writeEngineMove,
} from "../../../src/client/files/engine-move.ts";
import EngineMigrate from "../../../src/commands/engine/migrate.ts";
import type { OperatorError } from "../../../src/core/base/errors.ts";
import { moveLines } from "../../../src/ui/model/move-lines.ts";
import { makeFolder, removeFolder } from "../../make-folder.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/engine/plan-move.ts", async (original) => {
  const real = await original<typeof import("../../../src/client/engine/plan-move.ts")>();
  return { ...real, planMove: vi.fn(real.planMove) };
});

const FLEET = `schemaVersion: 1
name: local
clusterId: 00000000-0000-4000-8000-000000000001
profile: lan
nodes:
  - { id: 1, name: n1, address: 127.0.0.1:1 }
`;
const ETCD = {
  etcd: ["127.0.0.1:2", "127.0.0.1:3"],
  prefix: "/here/local",
  ...{ ca: "/its files/ca.crt", cert: "/its files/c.crt", key: "/its files/c.key" },
};
const MOVE: EngineMove = {
  ...{ to: "etcd", step: "moving", etcd: ETCD, stamp: "2026-01-01T00-00-00Z" },
  ...{ etcdPorts: {}, earlier: [], leavesGroups: false, begun: null, former: null },
};

let folder = "";
beforeEach(async () => {
  folder = await makeFolder();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "fleet.yaml"), FLEET);
  vi.mocked(planMove).mockClear();
});
afterEach(() => removeFolder(folder));

/** What a shell makes of it, without the program's name. */
const wordsOf = (command: string) =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "").slice(3);
const commandsIn = (text = "") =>
  text.match(/fleet engine migrate(?: --?[\w-]+(?: (?!--)[^\s;']+| '[^']*')?)+/g) ?? [];
const migrate = (...words: readonly string[]) =>
  run(EngineMigrate, "engine:migrate", [...words, "--dir", folder, "--dry-run", "-o", "json"]);

const thrownBy = async (act: Promise<unknown>) =>
  await act.then(
    () => expect.unreachable(),
    (error: OperatorError) => error,
  );

test.each(["etcd", "embedded"] as const)("every way out of a half-made move to %s works", async (to) => {
  const move = { ...MOVE, to };
  await writeEngineMove(folder, move);
  const refusals = [await thrownBy(refuseHalfMoved(folder)), otherMove(to)];
  const printed = refusals.flatMap(({ parts }) => commandsIn(parts.next));
  expect(printed).toHaveLength(4);
  for (const command of printed) {
    const { stdout, stderr, exit } = await migrate(...wordsOf(command));
    expect({ command, stderr, exit }).toEqual({ command, stderr: "", exit: 0 });
    const state = command.endsWith("--abort") ? "would-abort" : "would-move";
    expect(JSON.parse(stdout)).toMatchObject({ state, to, etcd: ETCD.etcd, prefix: ETCD.prefix });
  }
});

test("a move whose engine was started is finished without a flag, and the way back names the etcd cluster", async () => {
  const move = { ...MOVE, to: "embedded", step: "starting" } as const;
  await writeEngineMove(folder, move);
  const refused = await migrate("--abort");
  expect(refused.stdout).toContain("ENGINE_MOVE_STARTED");
  const [finish = "", back = ""] = commandsIn(tooLate(move).parts.next);
  expect((await migrate(...wordsOf(finish))).exit).toBe(0);
  expect(back).toBe(moveCommand("etcd", ETCD));
  expect(commandsIn(notYetAgreed("embedded").parts.next)).toEqual([finish]);

  await writeEngineMove(folder, { ...move, step: "done" });
  // What follows asks the nodes.
  vi.mocked(planMove).mockResolvedValueOnce({ ...MOVE, isNew: true });
  const ran = await migrate(...wordsOf(back));
  expect(ran).toMatchObject({ exit: 0, stderr: "" });
  expect(vi.mocked(planMove).mock.lastCall?.[1]).toMatchObject({ to: "etcd", etcd: ETCD });
});

test.each(["etcd", "embedded"] as const)("after a move to %s the way back is a whole command", async (to) => {
  await writeEngineMove(folder, { ...MOVE, to });
  const report = JSON.parse((await migrate("--to", to)).stdout);
  const back = moveCommand(to === "etcd" ? "embedded" : "etcd", ETCD);
  expect(moveLines({ ...report, state: "moved" }).slice(-3)).toEqual([
    "next: fleet status",
    `back: ${back}`,
    "keep: fleet engine migrate --finish",
  ]);
});

test("what is said of flags names those that the command has", async () => {
  expect((await migrate("--to", "etcd")).stdout).toContain("--to etcd needs the etcd cluster's members");
  const odd = await migrate("--to", "embedded", "--etcd", "127.0.0.1:2");
  expect(odd.stdout).toContain("--etcd and its other flags need --to etcd");
  const texts = Object.values(EngineMigrate.flags).map(({ summary }) => summary);
  expect(texts.filter((summary) => summary?.includes("--engine"))).toEqual([]);
});

test("nodes that do not agree after the move are not told as a refusal to move", () => {
  const { what } = notYetAgreed("etcd").parts;
  expect(what).toBe("the fleet runs on the etcd engine, but its nodes do not agree yet");
});
