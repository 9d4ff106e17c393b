// What `fleet member rebuild` has done, or would do, or what to run on a node's own host.

export interface RebuildReport {
  readonly node: string;
  readonly fleet: string;
  /** Whether its process belongs to a local fleet. */
  readonly isLocal: boolean;
  /** It had an empty folder already, and was being readmitted. */
  readonly isUnderWay: boolean;
  readonly state: "planned" | "fenced" | "rebuilt";
  /** The folder of its former files; null = they were not moved. */
  readonly aside: string | null;
}

export function rebuildLines(report: RebuildReport): string[] {
  const { node, aside } = report;
  switch (report.state) {
    case "planned":
      return planned(report);
    case "fenced":
      return [
        `${node} is fenced: it serves nothing, and does not lead`,
        `  on its own host, in this order (its unit, with the folder that --data names):`,
        ...hostSteps(node).map((step, at) => `  ${at + 1}. ${step}`),
        `  then wait for it: fleet member rebuild ${node}`,
      ];
    case "rebuilt":
      return [
        `${node} is rebuilt: it votes again, with the leader's state`,
        ...(aside === null ? [] : [`  its former files are in ${aside}: keep them for the post-mortem`]),
        `  it keeps its number, so its old certificate stays valid. If others may have its key, issue a new certificate and revoke the old one (fleet cert revoke)`,
      ];
  }
}

function planned({ node, isLocal, isUnderWay }: RebuildReport): string[] {
  if (isUnderWay) return [`would wait for ${node}, which rejoins already`];
  const here = [
    "stop its process",
    "set its data folder aside, below removed/ in the fleet's folder",
    "start it",
  ];
  const steps = isLocal ? here : hostSteps(node).map((step) => `on its host: ${step}`);
  return [
    `would rebuild ${node}`,
    ...[`fence it: it serves nothing, and does not lead`, ...steps].map((step, at) => `  ${at + 1}. ${step}`),
    `  ${steps.length + 2}. wait until it votes again with the leader's state`,
  ];
}

function hostSteps(node: string): string[] {
  return [
    `systemctl stop fleet-coordinator@${node}`,
    "mv DATA DATA.diverged (do not delete it)",
    `systemctl start fleet-coordinator@${node} (without --bootstrap: an empty folder means a lost disk)`,
  ];
}
