// `fleet status` of a plain etcd cluster.
import { askCluster, type EtcdNodeRow, type EtcdStatus } from "../../client/etcd/cluster-status.ts";
import { etcdVerdictExit, etcdVerdictLines } from "../model/etcd-verdict.ts";
import { etcdNodeTable } from "../model/tables/etcd-node-table.ts";
import type { EtcdReading } from "./fleet-command.ts";

const NODE_TIMEOUT_MS = 900;

export function etcdStatusReading(timeoutMs = NODE_TIMEOUT_MS): EtcdReading<EtcdStatus, EtcdNodeRow> {
  return {
    load: (client, name) => askCluster(client, name, timeoutMs),
    exit: etcdVerdictExit,
    view: {
      kind: "EtcdStatus",
      rowKind: "EtcdNode",
      table: etcdNodeTable,
      rows: ({ nodes }) => nodes,
      lines: etcdVerdictLines,
      empty: "no nodes are known",
    },
  };
}
