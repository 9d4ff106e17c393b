// An etcd cluster as its nodes answer now. A node that is down delays only its own answer. Pure but for the asking.

import { systemClock } from "../../core/base/clock.ts";
import {
  type Member,
  MemberListRequest,
  StatusRequest,
  type StatusResponse,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { readRpcError } from "../../core/wire/rpc-error.ts";
import { unary } from "../../core/wire/unary.ts";
import { failureWords } from "../failure-words.ts";
import type { EtcdClient } from "./etcd-client.ts";
import type { EtcdNode } from "./etcd-node.ts";
import { leaseName as hex } from "./lease-id.ts";

export interface EtcdNodeRow {
  /** The member's name; its endpoint until that is known. */
  readonly name: string;
  readonly endpoint: string;
  /** Hexadecimal; null: it never answered. */
  readonly memberId: string | null;
  /** A member that none of the endpoints names is not asked. */
  readonly answers: "up" | "down" | "not-asked";
  readonly role: "leader" | "follower" | "learner" | null;
  readonly version: string | null;
  readonly term: number | null;
  readonly index: number | null;
  readonly appliedIndex: number | null;
  readonly dbSizeBytes: number | null;
  /** Why it does not answer, or what it says is wrong, such as an alarm. */
  readonly problem: string | null;
}

export interface EtcdStatus {
  readonly name: string;
  /** The leader's name; null: no node knows one, or they disagree. */
  readonly leaderName: string | null;
  readonly nodes: readonly EtcdNodeRow[];
}

/** What one endpoint said. */
export type EtcdAnswer =
  | { readonly endpoint: string; readonly status: StatusResponse }
  | { readonly endpoint: string; readonly problem: string };

export async function askCluster(client: EtcdClient, name: string, timeoutMs: number): Promise<EtcdStatus> {
  const [answers, members] = await Promise.all([
    Promise.all(client.nodes.map((node) => askNode(node, timeoutMs))),
    listMembers(client, timeoutMs).catch(() => []),
  ]);
  return joinEtcdAnswers(name, answers, members);
}

/** Of any node, as it knows them. */
export async function listMembers(client: EtcdClient, deadlineMs: number): Promise<readonly Member[]> {
  const request = MemberListRequest.fromPartial({});
  const { members } = await client.read(
    ({ cluster }, limits) => unary(cluster.memberList.bind(cluster), request, limits),
    { deadlineMs },
  );
  return members.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function askNode({ address, maintenance }: EtcdNode, timeoutMs: number): Promise<EtcdAnswer> {
  const limits = { endMs: systemClock.monotonicMs() + timeoutMs };
  try {
    const status = await unary(maintenance.status.bind(maintenance), StatusRequest.fromPartial({}), limits);
    return { endpoint: address, status };
  } catch (error) {
    return { endpoint: address, problem: failureWords(readRpcError(error)) };
  }
}

export function joinEtcdAnswers(
  name: string,
  answers: readonly EtcdAnswer[],
  members: readonly Member[],
): EtcdStatus {
  const nameOf = (id: string): string | undefined => members.find(({ ID }) => ID === id)?.name || undefined;
  const asked = answers.map((answer): EtcdNodeRow => {
    const { endpoint } = answer;
    if ("status" in answer) return upRow(endpoint, answer.status, nameOf(idOf(answer.status)));
    const member = members.find(({ clientURLs }) => clientURLs.some((url) => addressOf(url) === endpoint));
    return { ...emptyRow(member, endpoint), answers: "down", problem: answer.problem };
  });
  const others = members
    .filter(({ ID }) => !asked.some(({ memberId }) => memberId === hex(ID)))
    .map((member) => emptyRow(member, addressOf(member.clientURLs[0] ?? "")));
  const nodes = [...asked, ...others].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { name, leaderName: leaderOf(answers, nodes), nodes };
}

const idOf = ({ header }: StatusResponse): string => header?.memberId ?? "0";
const addressOf = (url: string): string => url.replace(/^[a-z]+:\/\//, "");

function upRow(endpoint: string, status: StatusResponse, name = endpoint): EtcdNodeRow {
  const { version, raftTerm: term, raftIndex: index, raftAppliedIndex: appliedIndex, errors } = status;
  const role = status.isLearner ? "learner" : status.leader === idOf(status) ? "leader" : "follower";
  return {
    ...{
      name,
      endpoint,
      memberId: hex(idOf(status)),
      answers: "up",
      role,
      version,
      term,
      index,
      appliedIndex,
    },
    dbSizeBytes: status.dbSize,
    problem: errors.length > 0 ? errors.join("; ") : status.leader === "0" ? "knows no leader" : null,
  };
}

function emptyRow(member: Member | undefined, endpoint: string): EtcdNodeRow {
  return {
    ...{ name: member?.name || endpoint, endpoint, memberId: member === undefined ? null : hex(member.ID) },
    ...{ answers: "not-asked", role: null, version: null, term: null, index: null, appliedIndex: null },
    ...{ dbSizeBytes: null, problem: null },
  };
}

/** The one that claims the newest term. */
function leaderOf(answers: readonly EtcdAnswer[], nodes: readonly EtcdNodeRow[]): string | null {
  const statuses = answers.flatMap((answer) => ("status" in answer ? [answer.status] : []));
  const newest = Math.max(0, ...statuses.map(({ raftTerm }) => raftTerm));
  const claimed = statuses.find(({ raftTerm, leader }) => raftTerm === newest && leader !== "0")?.leader;
  if (claimed === undefined) return null;
  return nodes.find(({ memberId }) => memberId === hex(claimed))?.name ?? hex(claimed);
}
