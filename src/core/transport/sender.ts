// The replica that opens a stream names itself and its address in the metadata, as etcd does with X-PeerURLs.
// A replica that was away while a member was added does not know that member's address. Without this it could
// not answer the member, even as its leader.

import { Metadata } from "@grpc/grpc-js";
import { nodeId } from "../base/ids.ts";
import type { Peer } from "./transport.ts";

const CLUSTER = "fleet-cluster";
const NODE = "fleet-node";
const NAME = "fleet-name";
const ADDRESS = "fleet-address";
const KNOWN_VERSION = "fleet-known-version";

export interface Sender {
  readonly clusterId: string;
  readonly peer: Peer;
  /** The newest cluster version that its build knows; 0 = it does not say. */
  readonly knownVersion: number;
}

export function senderMetadata({ clusterId, peer, knownVersion }: Sender): Metadata {
  const metadata = new Metadata();
  metadata.set(CLUSTER, clusterId);
  metadata.set(NODE, String(peer.id));
  metadata.set(NAME, peer.name);
  metadata.set(ADDRESS, peer.address);
  metadata.set(KNOWN_VERSION, String(knownVersion));
  return metadata;
}

/** Null if the metadata does not name the sender: an older version's. */
export function senderOf(metadata: Metadata): Sender | null {
  const text = (key: string) => String(metadata.get(key)[0] ?? "");
  const id = Number(text(NODE));
  const [clusterId, name, address] = [text(CLUSTER), text(NAME), text(ADDRESS)];
  if (!Number.isSafeInteger(id) || id < 1 || name === "" || address === "") return null;
  const known = Number(text(KNOWN_VERSION));
  const knownVersion = Number.isSafeInteger(known) && known > 0 ? known : 0;
  return { clusterId, peer: { id: nodeId(id), name, address }, knownVersion };
}
