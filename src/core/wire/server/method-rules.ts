// What a server asks of a call before it reads a byte of it: who may call the method, and how large a request may be. A
// service without a rule for each of its methods does not compile, and a path without a rule is answered by nothing of ours.

import type { Identity } from "../tls/identity.ts";

/** Who may call a method. */
export type Allow = (identity: Identity) => boolean;

export const anyIdentity: Allow = () => true;
/** An agent knows nothing of coordinators, and has no business with them. */
export const allButAgents: Allow = ({ kind }) => kind !== "cluster";
export const adminOnly: Allow = ({ kind }) => kind === "admin";
export const readers: Allow = ({ kind }) => kind === "admin" || kind === "readonly" || kind === "operator";
/** An operator's rows are looked at where the change is made (calls/grants.ts). */
export const writers: Allow = ({ kind }) => kind === "admin" || kind === "operator";
export const replicasOnly: Allow = ({ kind }) => kind === "replica";
export const shardsAndAdmin: Allow = ({ kind }) => kind === "shard" || kind === "admin";

export interface MethodRule {
  readonly allow: Allow;
  /** The largest message of a caller's. */
  readonly bytesMax: number;
  /** Fields of all depths together, where they are less than bytes: two bytes can be a row. Otherwise FIELDS_MAX. */
  readonly fieldsMax?: number;
  /**
   * Begins however many calls wait: of replicas to each other, and those with which operators look at a replica and mend it.
   */
  readonly isPrompt?: boolean;
}

export type ServiceRules<Definition> = { readonly [Name in keyof Definition]: MethodRule };

/** Decoded within some 10 ms. */
export const FIELDS_MAX = 50_000;

/** A question: names, a filter, a page. */
export const QUESTION_BYTES_MAX = 64 * 1024;
