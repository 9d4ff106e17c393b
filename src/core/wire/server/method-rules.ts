// The rules of a call that are checked before a byte of it is read. They say who may call the method, and how large a
// request may be. A service without a rule for each of its methods does not compile. A path without a rule reaches no
// code of ours.

import type { RpcError } from "../rpc-error.ts";
import type { Identity } from "../tls/identity.ts";

/** Who may call a method. */
export type Allow = (identity: Identity) => boolean;

export const anyIdentity: Allow = () => true;
/** An agent knows nothing of coordinators and may not call them. A client of the key space needs none of these methods. */
export const allButAgents: Allow = ({ kind }) => kind !== "cluster" && kind !== "client";
export const adminOnly: Allow = ({ kind }) => kind === "admin";
export const readers: Allow = ({ kind }) => kind === "admin" || kind === "readonly" || kind === "operator";
/** An operator's permission for a row is checked where the change is made (calls/grants.ts). */
export const writers: Allow = ({ kind }) => kind === "admin" || kind === "operator";
/** A permission for a key is checked when the request has been decoded (coordinator/etcd/key-access.ts). */
export const keyReaders: Allow = (identity) => readers(identity) || identity.kind === "client";
export const keyWriters: Allow = (identity) => writers(identity) || identity.kind === "client";
export const replicasOnly: Allow = ({ kind }) => kind === "replica";
export const shardsAndAdmin: Allow = ({ kind }) => kind === "shard" || kind === "admin";

export interface MethodRule {
  readonly allow: Allow;
  /** What other callers are answered; by default, who may not call what. */
  readonly denied?: string;
  /** The largest message of a caller. */
  readonly bytesMax: number;
  /**
   * Number of fields at all depths, if it is lower than the number of bytes: two bytes can be a row.
   * Otherwise FIELDS_MAX.
   */
  readonly fieldsMax?: number;
  /**
   * Starts however many calls wait. For calls between replicas, and those with which operators inspect and
   * repair a replica.
   */
  readonly isPrompt?: boolean;
  /** Why a message of so many bytes is not read; null if it is. For what its head decides, such as who leads. */
  readonly announced?: (caller: Identity, bytes: number) => RpcError | null;
  /**
   * Between replicas, whose membership is checked (ADR-0023). A frame of a full queue takes minutes on a slow link, so its
   * streams have no time in which a message must be whole. Their bytes have more room (unfinished-bytes.ts).
   */
  readonly isReplication?: boolean;
}

export type ServiceRules<Definition> = { readonly [Name in keyof Definition]: MethodRule };

/** Decoded within some 10 ms. */
export const FIELDS_MAX = 50_000;

/** A request for data: names, a filter, a page. */
export const QUESTION_BYTES_MAX = 64 * 1024;
