// The file that names the agents of one process and the shard each dials (BigFleet ADR-0007: a cluster's operator
// picks its shard at deploy time). Pure text in, values out. Edits keep the operator's comments and order.

import type { YAMLMap } from "yaml";
import { isMap, isSeq, LineCounter, parseDocument, stringify } from "yaml";
import { Exit, OperatorError } from "../base/errors.ts";
import { isName } from "../base/ids.ts";

export interface AgentEntry {
  readonly cluster: string;
  /** host:port of the shard to dial. */
  readonly shardAddr: string;
  /** Folder of this agent's certificate files, when it is not the process's own. */
  readonly certs?: string;
}

const FIELDS = new Set(["cluster", "shardAddr", "certs"]);
const ADDRESS = /^(\[[0-9a-fA-F:]+\]|[^\s:[\]/]+):([1-9]\d{0,4})$/;

/** Parses `text`; `path` is for messages. Throws an OperatorError naming the line at fault. */
export function parseAgentsFile(text: string, path: string): readonly AgentEntry[] {
  return readAgents(text, path).map((agent) => agent.entry);
}

export function formatAgentsFile(agents: readonly AgentEntry[]): string {
  return stringify({ agents });
}

/** `text` with `cluster`'s shard address changed and nothing else. Throws if the file is broken or lacks the cluster. */
export function changeShardAddress(text: string, path: string, cluster: string, shardAddr: string): string {
  const agents = readAgents(text, path);
  const index = agents.findIndex((agent) => agent.entry.cluster === cluster);
  if (index < 0) {
    throw new OperatorError("AGENT_UNKNOWN", {
      what: `${path} has no agent of cluster ${cluster}`,
      next: "look for the file that deploys this cluster's agent",
      exit: Exit.NotFound,
    });
  }
  const document = parseDocument(text);
  document.setIn(["agents", index, "shardAddr"], shardAddr);
  return document.toString();
}

interface LocatedAgent {
  readonly entry: AgentEntry;
  readonly line: number;
}

function readAgents(text: string, path: string): LocatedAgent[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) throw invalid(path, lines.linePos(broken.pos[0]).line, firstLine(broken.message));
  const root = document.contents;
  if (!isMap(root)) throw invalid(path, 1, "expected `agents:` with a list");
  const list = root.get("agents", true);
  if (!isSeq(list)) throw invalid(path, 1, "expected `agents:` with a list");
  const agents: LocatedAgent[] = [];
  for (const item of list.items) {
    const line = isMap(item) ? lines.linePos(item.range?.[0] ?? 0).line : 1;
    if (!isMap(item)) throw invalid(path, line, "each agent is a map with cluster and shardAddr");
    const entry = readEntry(item, path, line);
    const twin = agents.find((agent) => agent.entry.cluster === entry.cluster);
    if (twin !== undefined)
      throw invalid(path, line, `cluster ${entry.cluster} is already on line ${twin.line}`);
    agents.push({ entry, line });
  }
  return agents;
}

function readEntry(item: YAMLMap, path: string, line: number): AgentEntry {
  const value: Record<string, unknown> = item.toJSON();
  const stranger = Object.keys(value).find((key) => !FIELDS.has(key));
  if (stranger !== undefined) throw invalid(path, line, `unknown field ${stranger}`);
  const { cluster, shardAddr, certs } = value;
  if (typeof cluster !== "string" || !isName(cluster)) {
    throw invalid(
      path,
      line,
      "cluster must be a name of a-z, 0-9, '-', '.' and '_' (quote it if it is a number)",
    );
  }
  if (typeof shardAddr !== "string" || !isAddress(shardAddr)) {
    throw invalid(path, line, `shardAddr of cluster ${cluster} must be host:port`);
  }
  if (certs === undefined) return { cluster, shardAddr };
  if (typeof certs !== "string" || certs === "")
    throw invalid(path, line, `certs of cluster ${cluster} must be a folder`);
  return { cluster, shardAddr, certs };
}

function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[2] ?? 0);
  return port > 0 && port < 65_536;
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}

function invalid(path: string, line: number, why: string): OperatorError {
  return new OperatorError("AGENTS_FILE_INVALID", {
    what: `${path}:${line}: ${why}`,
    next: "correct the line, then reload the agents",
    exit: Exit.Usage,
  });
}
