// The file that names the agents of one process and the shard that each dials (BigFleet ADR-0007: a cluster's
// operator picks its shard at deploy time). Pure text in, values out. Edits keep the operator's comments and
// order.

import { parseDocument, stringify } from "yaml";
import { isAddress } from "../../base/address.ts";
import { Exit, OperatorError } from "../../base/errors.ts";
import { isName } from "../../base/ids.ts";
import type { DemandGroup } from "../gen/fleet/v1/shard.ts";
import { readDemand } from "./demand-fields.ts";
import type { YamlItem } from "./yaml-list.ts";
import { readYamlList } from "./yaml-list.ts";

export interface AgentEntry {
  readonly cluster: string;
  /** host:port of the shard to dial. */
  readonly shardAddr: string;
  /** Folder of this agent's certificate files, when it is not the process's own. */
  readonly certs?: string;
  /** The machines that the cluster wants; none when absent. */
  readonly demand?: readonly DemandGroup[];
}

const FIELDS = new Set(["cluster", "shardAddr", "certs", "demand"]);

/** Parses `text`; `path` is for messages. Throws an OperatorError naming the line at fault. */
export function parseAgentsFile(text: string, path: string): readonly AgentEntry[] {
  return readAgents(text, path);
}

export function formatAgentsFile(agents: readonly AgentEntry[]): string {
  return stringify({ agents });
}

/** `text` with `cluster`'s shard address changed and nothing else. Throws if the file is broken or lacks the cluster. */
export function changeShardAddress(text: string, path: string, cluster: string, shardAddr: string): string {
  const agents = readAgents(text, path);
  const index = agents.findIndex((agent) => agent.cluster === cluster);
  if (index < 0) throw agentUnknown(path, cluster);
  const document = parseDocument(text);
  document.setIn(["agents", index, "shardAddr"], shardAddr);
  return document.toString();
}

/** The file at `path` has no agent of the cluster. */
export function agentUnknown(path: string, cluster: string): OperatorError {
  return new OperatorError("AGENT_UNKNOWN", {
    what: `${path} has no agent of cluster ${cluster}`,
    next: `look for the file that deploys this cluster's agent; a cluster that is gone: fleet cluster unbind ${cluster}`,
    exit: Exit.NotFound,
  });
}

function readAgents(text: string, path: string): AgentEntry[] {
  const each = "each agent is a map with cluster and shardAddr";
  const items = readYamlList(text, "agents", each, (line, why) => invalid(path, line, why));
  const lineOf = new Map<string, number>();
  return items.map((item) => {
    const { line } = item;
    const entry = readEntry(item, path);
    const twin = lineOf.get(entry.cluster);
    if (twin !== undefined) throw invalid(path, line, `cluster ${entry.cluster} is already on line ${twin}`);
    lineOf.set(entry.cluster, line);
    return entry;
  });
}

function readEntry({ fields, line }: YamlItem, path: string): AgentEntry {
  const wrong = (why: string) => invalid(path, line, why);
  const stranger = Object.keys(fields).find((key) => !FIELDS.has(key));
  if (stranger !== undefined) throw wrong(`unknown field ${stranger}`);
  const { cluster, shardAddr, certs, demand } = fields;
  if (typeof cluster !== "string" || !isName(cluster)) {
    throw wrong("cluster must be a name of a-z, 0-9, '-', '.' and '_' (quote it if it is a number)");
  }
  if (typeof shardAddr !== "string" || !isAddress(shardAddr)) {
    throw wrong(`shardAddr of cluster ${cluster} must be host:port`);
  }
  if (certs !== undefined && (typeof certs !== "string" || certs === "")) {
    throw wrong(`certs of cluster ${cluster} must be a folder`);
  }
  const groups = demand === undefined ? undefined : readDemand(demand);
  if (groups !== undefined && !groups.ok) throw wrong(`demand of cluster ${cluster}: ${groups.why}`);
  return {
    cluster,
    shardAddr,
    ...(certs === undefined ? {} : { certs }),
    ...(groups === undefined ? {} : { demand: groups.demand }),
  };
}

function invalid(path: string, line: number, why: string): OperatorError {
  return new OperatorError("AGENTS_FILE_INVALID", {
    what: `${path}:${line}: ${why}`,
    next: "correct the line, then reload the agents",
    exit: Exit.Usage,
  });
}
