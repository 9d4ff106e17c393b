// From which level on coordinators log, and the order that changes it: an entry of the log, which the node follows.
import { setTimeout as sleep } from "node:timers/promises";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { shownName } from "../core/base/ids.ts";
import { type LogLevelName, logLevelNamed } from "../core/base/log.ts";
import type { Operation } from "../core/wire/gen/fleet/v1/command.ts";
import { LOG_LEVEL_NUMBERS } from "../core/wire/log-level.ts";
import type { FleetClient } from "./fleet-client.ts";
import type { FleetReads } from "./fleet-reads.ts";

const LOOK_EVERY_MS = 100;

interface NodeLevel {
  readonly node: string;
  readonly nodeId: number | null;
  /** Null: it did not answer, or is of an older build. */
  readonly level: LogLevelName | null;
  readonly error: string | null;
}

export interface LogLevels {
  readonly nodes: readonly NodeLevel[];
}

/** Of one node, or of all. Throws NODE_UNKNOWN. */
export async function levelsOf(
  client: Pick<FleetReads, "status">,
  node: string | undefined,
): Promise<LogLevels> {
  const { nodes } = await client.status();
  const levels = nodes.map(({ name, nodeId, status, error }) => ({
    ...{ node: name, nodeId, error },
    level: logLevelNamed(status?.logLevel ?? 0),
  }));
  if (node === undefined) return { nodes: levels };
  const found = levels.filter((each) => each.node === node);
  if (found.length > 0) return { nodes: found };
  throw new OperatorError("NODE_UNKNOWN", {
    what: `no coordinator is called ${shownName(node)}`,
    why: `they are ${nodes.map(({ name }) => name).join(", ")}`,
    next: "choose one of these",
    exit: Exit.NotFound,
  });
}

/** `levels`: those of the one node that is meant. */
export function levelOrder(
  { nodes: [meant] }: LogLevels,
  level: LogLevelName,
): NonNullable<Operation["kind"]> {
  const { nodeId = 0, node = "" } = meant ?? {};
  return {
    $case: "noteLogLevel",
    value: { nodeId: nodeId ?? 0, name: node, level: LOG_LEVEL_NUMBERS[level] },
  };
}

/** The node follows once it has applied the entry. Throws LOG_LEVEL_UNCHANGED. */
export async function untilLevel(
  client: Pick<FleetClient, "status">,
  node: string,
  wanted: LogLevelName,
  timeoutMs: number,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const [now] = (await levelsOf(client, node)).nodes;
    if (now?.level === wanted) return;
    if (performance.now() >= endMs) throw unchanged(node, now?.level ?? null);
    await sleep(LOOK_EVERY_MS);
  }
}

function unchanged(node: string, level: LogLevelName | null): OperatorError {
  return new OperatorError("LOG_LEVEL_UNCHANGED", {
    what: `${node} has not changed its log level yet: it is ${level ?? "unknown"}`,
    why: "a node that is down, lags or runs an older build changes its level late or never",
    next: "see it: fleet log-level; then give the command again",
    exit: Exit.TimedOut,
  });
}
