// A client to the store of a target.
import { present } from "../../core/base/assert.ts";
import type { Target } from "../context/target.ts";
import { EtcdClient } from "./etcd-client.ts";

/** `deadlineMs`: for each call without a deadline of its own. */
export function connectStore({ endpoints, etcd }: Target, deadlineMs: number): EtcdClient {
  const addresses = endpoints.map(({ address }) => address);
  return new EtcdClient(addresses, present(etcd, "a store's target says how it is reached"), deadlineMs);
}
