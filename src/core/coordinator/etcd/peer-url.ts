// Peer URLs of etcd's API, which a fleet's members have one of each. Pure.

import { status } from "@grpc/grpc-js";
import { isAddress } from "../../base/address.ts";
import { ETCD_ERRORS, etcdError } from "./etcd-errors.ts";

export type PeerScheme = "https" | "http";

export const peerUrl = (scheme: PeerScheme, address: string): string => `${scheme}://${address}`;

/** host:port of a member's one URL. Throws etcd's error, or one that says what differs from etcd. */
export function addressOfUrls(urls: readonly string[], scheme: PeerScheme): string {
  const addresses = urls.map((url) => /^(?:https?|unixs?):\/\/([^/?#]+)$/.exec(url.trim())?.[1] ?? "");
  if (addresses.length === 0 || !addresses.every(isAddress)) throw ETCD_ERRORS.memberBadUrls;
  const [address = "", ...more] = addresses;
  if (more.length > 0 || urls[0]?.trim() !== peerUrl(scheme, address)) {
    const text = `${ETCD_ERRORS.memberBadUrls.details}: a member of this fleet has one, ${scheme}://HOST:PORT`;
    throw etcdError(status.INVALID_ARGUMENT, text.replace("etcdserver: ", ""));
  }
  return address;
}
