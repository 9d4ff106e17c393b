// Log levels of coordinators: what is shown, what is ordered, and how long a command waits until a node follows.
import { expect, test } from "vitest";
import { levelOrder, levelsOf, untilLevel } from "../../../src/client/log-level.ts";
import { nodeId } from "../../../src/core/base/ids.ts";
import type { LogLevelName } from "../../../src/core/base/log.ts";
import { followLogLevel } from "../../../src/core/coordinator/assembly/follow-log-level.ts";
import { LogLevel } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { downNode, fleetReply, upNode } from "../ui/model/fixtures.ts";
import { failureOf } from "./local/fakes.ts";

const reply = (level: LogLevel | undefined) => fleetReply([upNode(1, { logLevel: level }), downNode(2)]);
const fleet = (...levels: LogLevel[]) => ({
  status: async () => reply(levels.length > 1 ? levels.shift() : levels[0]),
});

test("each node's level is shown; a node that is down or of an older build has none", async () => {
  const { nodes } = await levelsOf(fleet(LogLevel.WARN), undefined);
  expect(nodes.map(({ node, level }) => [node, level])).toEqual([
    ["n1", "warn"],
    ["n2", null],
  ]);
  const older = await levelsOf({ status: async () => reply(undefined) }, "n1");
  expect(older.nodes[0]?.level).toBeNull();
});

test("the order names the node by number and name", async () => {
  const levels = await levelsOf(fleet(LogLevel.INFO), "n1");
  const value = { nodeId: 1, name: "n1", level: LogLevel.DEBUG };
  expect(levelOrder(levels, "debug")).toEqual({ $case: "noteLogLevel", value });
});

test("a name that no node has is refused", async () => {
  const failure = await failureOf(levelsOf(fleet(LogLevel.INFO), "n9"));
  expect(failure).toMatchObject({ code: "NODE_UNKNOWN", exit: 3 });
});

test("a command waits until the node follows, or says that it does not", async () => {
  await untilLevel(fleet(LogLevel.INFO, LogLevel.DEBUG), "n1", "debug", 5_000);
  const failure = await failureOf(untilLevel(fleet(LogLevel.INFO), "n1", "debug", 1));
  expect(failure).toMatchObject({ code: "LOG_LEVEL_UNCHANGED", exit: 6 });
});

test.each([
  { name: "n1", number: LogLevel.DEBUG, is: "debug", why: "it is meant" },
  { name: "n2", number: LogLevel.DEBUG, is: "info", why: "another node is" },
  { name: "n1", number: LogLevel.UNSPECIFIED, is: "info", why: "no such level" },
])("a node follows its entry: $is, because $why", ({ name, number, is }) => {
  const said: string[] = [];
  const log = {
    ...{ level: "info" as LogLevelName, info: () => undefined, error: () => undefined },
    warn: (fact: string) => void said.push(fact),
  };
  const replicas = [{ id: nodeId(1), name: "n1", address: "h:1" }];
  const order = { name, level: number, actor: "fleet://admin", reason: "why" };
  followLogLevel({ log, replicas, self: nodeId(1) }, order);
  expect(log.level).toBe(is);
  expect(said).toEqual(is === "debug" ? ["logs from another level on"] : []);
});
