// Another engine in a fleet.yaml; everything else, including comments, stays.

import { parseDocument } from "yaml";
import type { EngineEntry } from "./fleet-file.ts";

/** With an etcd cluster the nodes serve no keys of their own. `etcdPorts`: by name, for embedded Raft. */
export function setEngine(
  text: string,
  engine: EngineEntry | null,
  etcdPorts: Readonly<Record<string, number>>,
): string {
  const document = parseDocument(text);
  if (engine === null) document.delete("engine");
  else document.set("engine", document.createNode(engine));
  const nodes: unknown = document.toJS().nodes;
  for (const [at, node] of (Array.isArray(nodes) ? nodes : []).entries()) {
    const port = etcdPorts[String(node.name)];
    if (engine !== null) document.deleteIn(["nodes", at, "etcdPort"]);
    else if (port !== undefined) document.setIn(["nodes", at, "etcdPort"], port);
  }
  return document.toString();
}
