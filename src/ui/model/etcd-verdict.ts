// Whether an etcd cluster is healthy, in lines and as an exit code. Every node that was named must answer, one must
// lead, and none may report a problem.
import { Exit } from "../../core/base/errors.ts";
import type { Line } from "./line.ts";

interface Cluster {
  readonly name: string;
  readonly leaderName: string | null;
  readonly nodes: readonly {
    readonly answers: string;
    readonly term: number | null;
    readonly problem: string | null;
  }[];
}

export function etcdVerdictLines(cluster: Cluster): Line[] {
  const { name, leaderName, nodes } = cluster;
  const up = nodes.filter(({ answers }) => answers === "up").length;
  const notAsked = nodes.filter(({ answers }) => answers === "not-asked").length;
  const term = Math.max(0, ...nodes.map((node) => node.term ?? 0));
  const leads = leaderName === null ? "no leader is known" : `${leaderName} leads term ${term}`;
  const mark = leaderName === null ? "bad" : isHealthy(cluster) ? "good" : "warn";
  const word = leaderName === null ? "unavailable" : isHealthy(cluster) ? "healthy" : "degraded";
  const asked = notAsked === 0 ? "" : `, ${notAsked} not among the endpoints`;
  return [
    { mark, text: `${name}: ${word}, ${up} of ${nodes.length} nodes up${asked}, ${leads}` },
    {
      mark: "unknown",
      text: "n/a on etcd: state hashes, shards, clusters, fault tolerance of the data plane",
    },
  ];
}

export const etcdVerdictExit = (cluster: Cluster): Exit => (isHealthy(cluster) ? Exit.Ok : Exit.NoQuorum);

function isHealthy({ leaderName, nodes }: Cluster): boolean {
  return leaderName !== null && nodes.every(({ answers, problem }) => answers !== "down" && problem === null);
}
