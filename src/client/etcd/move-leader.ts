// Moves the leadership of an etcd cluster: the call goes to the leader, and it is done when the new one leads.

import { systemClock } from "../../core/base/clock.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { systemWaitClock } from "../../core/base/wait-clock.ts";
import { MoveLeaderRequest } from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { readRpcError } from "../../core/wire/rpc-error.ts";
import { unary } from "../../core/wire/unary.ts";
import { askCluster, type EtcdNodeRow, type EtcdStatus } from "./cluster-status.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { answeredError, noAnswer, verdictOf } from "./etcd-errors.ts";

const ASK_MS = 2_000;
const LOOK_EVERY_MS = 50;

export interface Moved {
  readonly changed: boolean;
  readonly leaderName: string;
  readonly term: number;
}

/** `to`: a member's name or id; empty: the follower with the longest log. */
export async function moveLeader(
  client: EtcdClient,
  name: string,
  wanted: { readonly to: string; readonly dryRun: boolean; readonly timeoutMs: number },
): Promise<Moved> {
  const endMs = systemClock.monotonicMs() + wanted.timeoutMs;
  const before = await askCluster(client, name, ASK_MS);
  const leader = leaderRow(before);
  const target = targetRow(before, wanted.to);
  if (target === leader || wanted.dryRun) {
    return { changed: target !== leader, leaderName: target.name, term: leader.term ?? 0 };
  }
  const node = client.nodes.find(({ address }) => address === leader.endpoint);
  const targetID = String(BigInt(`0x${target.memberId ?? "0"}`));
  const request = MoveLeaderRequest.fromPartial({ targetID });
  if (node === undefined) throw unreachable(leader);
  const { maintenance, address } = node;
  await unary(maintenance.moveLeader.bind(maintenance), request, { endMs }).catch((error: unknown) => {
    const failure = readRpcError(error);
    throw verdictOf(failure, "write") === "final"
      ? answeredError(failure, address, error)
      : noAnswer(error, "write", true, address);
  });
  for (;;) {
    const after = await askCluster(client, name, ASK_MS);
    const row = after.nodes.find(({ role }) => role === "leader");
    if (row?.memberId === target.memberId)
      return { changed: true, leaderName: row?.name ?? "", term: row?.term ?? 0 };
    if (systemClock.monotonicMs() > endMs) throw noAnswer(null, "write", true, address);
    await systemWaitClock.sleep(LOOK_EVERY_MS);
  }
}

function leaderRow({ nodes, name }: EtcdStatus): EtcdNodeRow {
  const leader = nodes.find(({ role }) => role === "leader");
  if (leader !== undefined) return leader;
  throw new OperatorError("NO_LEADER", {
    what: `no endpoint of ${name} leads`,
    why: "there is no leader, or its address is not among the endpoints",
    next: "see which nodes are up: fleet status",
    exit: Exit.NoQuorum,
  });
}

function targetRow({ nodes, name }: EtcdStatus, to: string): EtcdNodeRow {
  const followers = nodes
    .filter(({ role, answers }) => role === "follower" && answers === "up")
    .toSorted((a, b) => (b.index ?? 0) - (a.index ?? 0));
  const row = to === "" ? followers[0] : nodes.find((node) => node.name === to || node.memberId === to);
  if (row !== undefined && row.role !== "learner") return row;
  throw new OperatorError(row === undefined ? "MEMBER_UNKNOWN" : "MEMBER_IS_LEARNER", {
    what:
      row === undefined ? `${name} has no member ${to} that could lead` : `${to} is a learner and can't lead`,
    next: "see the members: fleet member list",
    exit: Exit.NotFound,
  });
}

function unreachable({ name, endpoint }: EtcdNodeRow): OperatorError {
  return new OperatorError("UNAVAILABLE", {
    what: `the leader ${name} is not among the endpoints`,
    why: "only the leader moves leadership",
    next: `add ${endpoint} to the context's endpoints`,
    exit: Exit.NoQuorum,
  });
}
