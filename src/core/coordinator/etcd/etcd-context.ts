// What the handlers of etcd's API share.

import { createHash } from "node:crypto";
import type { NodeId } from "../../base/ids.ts";
import type { Applied } from "../../kv/key-response.ts";
import type { Tls } from "../../wire/tls/tls.ts";
import type { ServiceContext } from "../calls/context.ts";
import type { GroupDriver } from "../group/group-driver.ts";
import type { KeysMachine } from "../group/keys-machine.ts";
import type { ForwardedWrites } from "./forward.ts";
import type { KeyTime } from "./key-time.ts";

/** The group that replicates the key space, as this replica has it. */
export interface KeyGroup {
  readonly driver: GroupDriver<readonly Applied[]>;
  readonly machine: KeysMachine;
}

export interface EtcdContext {
  readonly fleetId: string;
  readonly fleet: Pick<
    ServiceContext,
    | "self"
    | "replicas"
    | "driver"
    | "machine"
    | "work"
    | "largeWork"
    | "clock"
    | "sleep"
    | "disk"
    | "tls"
    | "internalErrors"
    | "sizes"
  >;
  /** Null until this replica has opened the group (ADR-0047). */
  readonly keys: () => KeyGroup | null;
  /** For what this member proposes as the leader. */
  readonly time: KeyTime;
  /** Asks for the creation of the group, because a caller wants keys. Does nothing if it exists. */
  readonly want: () => void;
  readonly forward: ForwardedWrites;
  /** host:port of a member's etcd API, as it announced it last; empty = none is known. */
  readonly etcdAddressOf: (member: NodeId) => string;
  /** Of this port. */
  readonly tls: Tls;
  readonly scheme: "https" | "http";
}

/** A fleet's id as etcd's clients name a cluster: 64 bits, in decimal. The same for all members, and after a restart. */
export function etcdClusterId(clusterId: string): string {
  return createHash("sha256").update(clusterId).digest().readBigUInt64BE().toString();
}
