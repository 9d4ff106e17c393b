// Parses a replica list of `--peers`: 1=n1@host:port,2=n2@host:port. Pure.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isMemberNumber, isName, MEMBER_NUMBER_MAX, type NodeId, nodeId } from "../../core/base/ids.ts";

export interface PeerText {
  readonly id: NodeId;
  readonly name: string;
  readonly address: string;
}

const PEER = /^(\d+)=([^@]+)@(.+:\d+)$/;

/** All replicas, and which of them this process is. Throws an OperatorError (usage). */
export function parsePeers(
  text: string,
  selfId: number,
  selfName: string,
): { readonly replicas: readonly PeerText[]; readonly self: NodeId } {
  const replicas = text.split(",").map(parsePeer);
  if (new Set(replicas.map((peer) => peer.id)).size !== replicas.length)
    throw bad(text, "a number appears twice");
  const self = replicas.find((peer) => peer.id === selfId);
  if (self?.name !== selfName) throw bad(text, `it lacks this replica, ${selfId}=${selfName}@…`);
  return { replicas, self: self.id };
}

function parsePeer(text: string): PeerText {
  const [, id, name, address] = PEER.exec(text) ?? [];
  if (id === undefined || name === undefined || address === undefined || !isName(name)) {
    throw bad(text, "a replica is written number=name@host:port");
  }
  const number = Number(id);
  if (!isMemberNumber(number)) {
    throw bad(text, `a replica's number is from 1 to ${MEMBER_NUMBER_MAX}`);
  }
  return { id: nodeId(number), name, address };
}

function bad(text: string, why: string): OperatorError {
  return new OperatorError("USAGE", {
    what: `--peers ${text} is not a list of replicas`,
    why,
    next: "write it as 1=n1@host:port,2=n2@host:port,3=n3@host:port",
    exit: Exit.Usage,
  });
}
