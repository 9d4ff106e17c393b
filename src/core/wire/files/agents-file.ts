// The file that names the agents of one process and the shard that each dials. A cluster's operator picks its shard at
// deploy time (BigFleet ADR-0007). Pure text in, values out. Edits keep the operator's comments and order.

import { parseDocument, stringify } from "yaml";
import { Exit, OperatorError } from "../../base/errors.ts";
import { address, fieldsOnly, list, name, text as nonEmpty, optional } from "../../base/read-value.ts";
import type { DemandGroup } from "../gen/fleet/v1/shard.ts";
import { demand } from "./demand-fields.ts";
import { readConfig } from "./read-config.ts";

export interface AgentEntry {
  readonly cluster: string;
  /** host:port of the shard to dial. */
  readonly shardAddr: string;
  /** Folder of this agent's certificate files, when it is not the process's own. */
  readonly certs?: string;
  /** The machines that the cluster wants; none when absent. */
  readonly demand?: readonly DemandGroup[];
}

/** Parses `text`; `path` is for messages. Throws an OperatorError with every problem and its line. */
export function parseAgentsFile(text: string, path: string): readonly AgentEntry[] {
  return readConfig(path, text, INVALID, AGENTS).agents;
}

export function formatAgentsFile(agents: readonly AgentEntry[]): string {
  return stringify({ agents });
}

/** `text` with `cluster`'s shard address changed and nothing else. Throws if the file is broken or lacks the cluster. */
export function changeShardAddress(text: string, path: string, cluster: string, shardAddr: string): string {
  const agents = parseAgentsFile(text, path);
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

const INVALID = {
  code: "AGENTS_FILE_INVALID",
  next: "correct the file, then reload the agents",
  exit: Exit.Usage,
};

const AGENTS = fieldsOnly({
  agents: list(
    fieldsOnly({ cluster: name, shardAddr: address, certs: optional(nonEmpty), demand: optional(demand) }),
    { unique: { cluster: ({ cluster }) => cluster } },
  ),
});
