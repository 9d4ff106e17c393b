// The lines of `fleet status` below its table, and whether they count as healthy. Each problem, such as a node that is
// down or different hashes, has a line of its own. So no problem must be guessed from the table.

import type { FleetStatus, FleetVerdict, NodeObservation } from "../../client/fleet-status.ts";
import type { AwaitedNode } from "../../client/fleet-version.ts";
import { formatDuration } from "../../core/base/duration.ts";
import { Exit } from "../../core/base/errors.ts";
import { endsSoon } from "../../core/wire/tls/certificate-age.ts";
import { dataPlaneLines, toleranceLines } from "./data-plane-lines.ts";
import type { Line } from "./line.ts";
import { slowestSyncMs } from "./node-state.ts";
import type { Mark } from "./table.ts";
import { transferLines } from "./transfer-lines.ts";
import { admissionWord } from "./words.ts";

const VERDICT_MARKS: Readonly<Record<FleetVerdict, Mark>> = {
  healthy: "good",
  degraded: "warn",
  "no-quorum": "bad",
};

export function verdictLines(fleet: FleetStatus): Line[] {
  return [
    verdictLine(fleet),
    ...downLines(fleet),
    ...strangerLines(fleet),
    ...doubtLines(fleet),
    ...keyDoubtLines(fleet),
    ...fullLines(fleet),
    ...slowLines(fleet),
    ...outsideLines(fleet),
    ...toleranceLines(fleet),
    ...transferLines(fleet),
    ...certificateLines(fleet),
    ...refusalLines(fleet),
    ...revokedLines(fleet),
    ...leaderLines(fleet),
    ...hashLines(fleet),
    ...dataPlaneLines(fleet),
    ...disobeyingLines(fleet),
    ...versionLines(fleet),
    ...engineLines(fleet),
    ...exportLines(fleet),
    ...undeletedLines(fleet),
    ...vanishedLines(fleet),
  ];
}

/** 0 only for a fleet without any problem: scripts must also learn of a degraded one. */
export function verdictExit(fleet: FleetStatus): Exit {
  const sound = fleet.verdict === "healthy" && fleet.agreed && fleet.hashesAgree !== false;
  return sound ? Exit.Ok : Exit.NoQuorum;
}

export const verdictMark = (verdict: FleetVerdict): Mark => VERDICT_MARKS[verdict];

function verdictLine(fleet: FleetStatus): Line {
  const up = fleet.nodes.filter((node) => node.reachable).length;
  const name = fleet.clusterName === "" ? "fleet" : fleet.clusterName;
  const counted = `${up} of ${fleet.nodes.length} nodes up`;
  const leader = leaderText(fleet);
  return { text: `${name}: ${fleet.verdict}, ${counted}, ${leader}`, mark: VERDICT_MARKS[fleet.verdict] };
}

function leaderText(fleet: FleetStatus): string {
  if (fleet.leader === null) return "no leader";
  const claim = fleet.leaderClaims.find((candidate) => candidate.leaderId === fleet.leader);
  return `${nodeName(fleet.nodes, fleet.leader)} leads${claim === undefined ? "" : ` term ${claim.term}`}`;
}

function downLines(fleet: FleetStatus): Line[] {
  const down = fleet.nodes.filter((node) => !node.reachable);
  const lines = down.map(
    (node): Line => ({ text: `${titleOf(node)} is down: ${node.error ?? "no answer"}`, mark: "bad" }),
  );
  if (down.length < fleet.nodes.length) return lines;
  const next = "start a local fleet with fleet up; elsewhere see each node's service and log";
  return [...lines, { text: `no node answers: ${next}`, mark: "bad" }];
}

/** For endpoints that belong to no member: a removed node, or one that is not admitted yet. */
function strangerLines(fleet: FleetStatus): Line[] {
  const members = fleet.nodes.find((node) => node.nodeId === fleet.leader)?.status?.members;
  if (fleet.leader === null || members === undefined) return [];
  const isStranger = ({ status, address }: NodeObservation) =>
    status === null
      ? members.every((member) => member.address !== address)
      : admissionWord(status.admission) === "member" &&
        members.every((member) => member.nodeId !== status.nodeId);
  return fleet.nodes.filter(isStranger).map((node) => ({
    text: `no member is known by the address ${node.address}: if that node was removed, take it out of the endpoints`,
    mark: "warn",
  }));
}

/** For untrusted states: which node has which, so that an operator can say which is right. */
function doubtLines(fleet: FleetStatus): Line[] {
  return fleet.nodes.flatMap(({ name, address, status }): Line[] => {
    const doubt = status?.stateDoubt;
    if (doubt === undefined) return [];
    const { fenced, index, cause, detail } = doubt;
    const node = `${name} (${address})`;
    if (!fenced) {
      const next =
        "compare them with fleet status -o json, then rebuild the wrong ones: fleet member rebuild";
      const text = `${node} serves nothing: the replicas' states differ at index ${index}, and none has a majority; ${next}`;
      return [{ text, mark: "bad" }];
    }
    const why = FENCES[cause] ?? "its state is wrong";
    const reason = detail === "" ? "" : ` (${detail})`;
    const text = `${node} is fenced and serves nothing: ${why} at index ${index}${reason}; rebuild it with fleet member rebuild ${name}`;
    return [{ text, mark: "bad" }];
  });
}

/** The same of the key space: such a node serves the fleet as before. */
function keyDoubtLines(fleet: FleetStatus): Line[] {
  return fleet.nodes.flatMap(({ name, address, status }): Line[] => {
    const doubt = status?.keySpace?.stateDoubt;
    if (doubt === undefined) return [];
    const { fenced, index, cause, detail } = doubt;
    const node = `${name} (${address})`;
    const next = `rebuild it with fleet member rebuild ${name}`;
    if (!fenced) {
      const text = `${node} serves no keys: the replicas' keys differ at index ${index}, and none has a majority; start the nodes that are down, or ${next}`;
      return [{ text, mark: "bad" }];
    }
    const why = KEY_FENCES[cause] ?? "they are wrong";
    const reason = detail === "" ? "" : ` (${detail})`;
    return [{ text: `${node} serves no keys: ${why} at index ${index}${reason}; ${next}`, mark: "bad" }];
  });
}

const KEY_FENCES: Readonly<Record<string, string>> = {
  majority: "its keys differ from the majority's",
  memory: "its keys differ from what it applied: its memory is damaged",
  operator: "an operator fenced it",
};

const FENCES: Readonly<Record<string, string>> = {
  majority: "its state differs from the majority's",
  memory: "its tables differ from what it applied: its memory is damaged",
  operator: "an operator fenced it",
};

function fullLines(fleet: FleetStatus): Line[] {
  return fleet.nodes
    .filter((node) => node.status?.diskFull === true)
    .map((node) => ({
      text: `${node.name} (${node.address}) has a full disk: free space on it; the node continues by itself`,
      mark: "bad",
    }));
}

function slowLines(fleet: FleetStatus): Line[] {
  return fleet.nodes
    .filter((node) => node.status?.diskSlow === true)
    .map((node) => {
      const ms = slowestSyncMs(node.status)?.toFixed(0) ?? "?";
      const leads = node.nodeId === fleet.leader ? "; it hands over as soon as another's disk is better" : "";
      const text = `${node.name} (${node.address}) has a slow disk: writes took ${ms} ms in the last minute (p99)${leads}`;
      return { text, mark: "warn" };
    });
}

function outsideLines(fleet: FleetStatus): Line[] {
  const says = {
    waiting: "has no data, and waits for a leader to admit it",
    rejoining: "is rejoining: it catches up, and does not vote until then",
  };
  return fleet.nodes.flatMap((node): Line[] => {
    const admission = admissionWord(node.status?.admission ?? 0);
    if (admission === "member") return [];
    return [{ text: `${node.name} (${node.address}) ${says[admission]}`, mark: "warn" }];
  });
}

function certificateLines(fleet: FleetStatus): Line[] {
  return fleet.nodes.flatMap((node): Line[] => {
    const days = node.certificateDaysLeft;
    if (days === null || !endsSoon(days)) return [];
    const ends = days < 0 ? "has ended" : days === 0 ? "ends today" : `ends in ${days} days`;
    const text = `the certificate of ${node.name} (${node.address}) ${ends}: renew it with fleet cert rotate ${node.name}, or with fleet cert issue on a host of its own`;
    return [{ text, mark: days < 0 ? "bad" : "warn" }];
  });
}

/** They keep serving, but the leader's decisions do not reach them. */
function disobeyingLines(fleet: FleetStatus): Line[] {
  const leader = fleet.nodes.find((node) => node.nodeId === fleet.leader);
  const count = leader?.status?.disobeyingShards ?? 0;
  if (count === 0) return [];
  const who = count === 1 ? "1 shard obeys" : `${count} shards obey`;
  const text = `${who} another incarnation of this fleet, or a term that this fleet lost: see fleet shard list, then fleet shard adopt SHARD`;
  return [{ text, mark: "bad" }];
}

/**
 * For present files that are not used: nothing is wrong before the node restarts, and everything afterwards.
 */
function refusalLines(fleet: FleetStatus): Line[] {
  return fleet.nodes.flatMap(({ name, address, status }): Line[] => {
    const why = status?.certificateRefusal ?? "";
    if (why === "") return [];
    const text = `${name} (${address}) still uses its old certificate, since ${why}: correct the files there before you restart it`;
    return [{ text, mark: "warn" }];
  });
}

/** The node answers, and takes no part. */
function revokedLines(fleet: FleetStatus): Line[] {
  return fleet.nodes.flatMap(({ name, address, status }): Line[] => {
    const why = status?.certificateRevoked ?? "";
    if (why === "") return [];
    const text = `other nodes refuse ${name} (${address}), since ${why}: renew it with fleet cert rotate ${name}, or with fleet cert issue on a host of its own`;
    return [{ text, mark: "bad" }];
  });
}

// A node that never answered is known only by its address.
function titleOf({ name, address }: NodeObservation): string {
  return name === address ? address : `${name} (${address})`;
}

function leaderLines(fleet: FleetStatus): Line[] {
  if (fleet.agreed || fleet.leaderClaims.length === 0) return [];
  const claims = fleet.leaderClaims.map(
    ({ by, leaderId, term }) =>
      `${by} says ${leaderId === 0 ? "none" : nodeName(fleet.nodes, leaderId)} (term ${term})`,
  );
  return [{ text: `nodes disagree about the leader: ${claims.join(", ")}`, mark: "warn" }];
}

function hashLines(fleet: FleetStatus): Line[] {
  if (fleet.hashesAgree === null || fleet.hashIndex === null) return [];
  if (fleet.hashesAgree) return [{ text: `state hashes agree at index ${fleet.hashIndex}`, mark: "good" }];
  const hashes = fleet.nodes.filter((node) => node.hashAt !== null && node.hashAt !== "");
  const shown = hashes.map((node) => `${node.name} ${shortHash(node.hashAt ?? "")}`).join(", ");
  return [{ text: `state hashes differ at index ${fleet.hashIndex}: ${shown}`, mark: "bad" }];
}

export function versionLines({
  versions: { ruling, newest, awaited },
}: Pick<FleetStatus, "versions">): Line[] {
  if (ruling === null || newest === null) return [];
  if (ruling >= newest) return [{ text: `cluster version ${ruling}`, mark: "good" }];
  const who = awaited.map(awaitedText).join(", ");
  const waits = who === "" ? "is being raised" : `waits for ${who}`;
  return [{ text: `cluster version ${ruling}; version ${newest} ${waits}`, mark: "warn" }];
}

/** What the columns of Raft do not show when an etcd cluster has the log. */
function engineLines({ nodes }: FleetStatus): Line[] {
  const engine = nodes.map(({ status }) => status?.etcdEngine).find((each) => each !== undefined);
  if (engine === undefined) return [];
  const text = `log in etcd at ${engine.endpoints.join(", ")} under ${engine.prefix}; n/a here: FIRST, SYNC P99, changes of members (etcd has them)`;
  return [{ text, mark: "good" }];
}

function awaitedText({ name, knownVersion, build }: AwaitedNode): string {
  if (knownVersion === 0) return `${name} (not connected)`;
  return `${name} (${build === "" ? "its build" : `build ${build}`} knows version ${knownVersion})`;
}

function exportLines(fleet: FleetStatus): Line[] {
  return fleet.nodes.flatMap(({ name, status }): Line[] => {
    const exported = status?.snapshotExport;
    if (exported === undefined) return [];
    const { to, index, ageMs, error, overdue } = exported;
    const age = formatDuration(Math.floor(ageMs / 1000) * 1000);
    const held = index === 0 ? "none is there yet" : `the newest there is of index ${index}`;
    if (error !== "")
      return [{ text: `${name} can't export snapshots to ${to}: ${error}; ${held}`, mark: "bad" }];
    if (overdue)
      return [{ text: `${name} has exported no snapshot to ${to} for ${age}; ${held}`, mark: "bad" }];
    if (index === 0) return [];
    return [{ text: `snapshot of index ${index} in ${to} was up to date ${age} ago`, mark: "good" }];
  });
}

function undeletedLines(fleet: FleetStatus): Line[] {
  return fleet.nodes.flatMap(({ name, status }): Line[] => {
    const { to = "", undeleted = 0, undeletedError = "" } = status?.snapshotExport ?? {};
    if (undeleted === 0) return [];
    const snapshots = undeleted === 1 ? "an outdated snapshot" : `${undeleted} outdated snapshots`;
    const next = "delete them yourself, or give its user the permission";
    return [
      { text: `${name} could not delete ${snapshots} in ${to} (${undeletedError}): ${next}`, mark: "warn" },
    ];
  });
}

function vanishedLines(fleet: FleetStatus): Line[] {
  return fleet.nodes.flatMap(({ name, status }): Line[] => {
    const { to = "", vanished = 0 } = status?.snapshotExport ?? {};
    if (vanished === 0) return [];
    const snapshots = vanished === 1 ? "the snapshot" : `all ${vanished} snapshots`;
    const next = "check that its disk is mounted, and who removed them; new snapshots still go there";
    return [{ text: `${snapshots} that ${name} had in ${to} vanished: ${next}`, mark: "warn" }];
  });
}

function nodeName(nodes: readonly NodeObservation[], id: number): string {
  return nodes.find((node) => node.nodeId === id)?.name ?? `node ${id}`;
}

/** The first eight characters: enough to compare by eye. */
export const shortHash = (hash: string): string => hash.slice(0, 8);
