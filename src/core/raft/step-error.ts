// Why a message was not let in, or not followed. The driver counts and warns; the core only says so.

export type StepError =
  /** An answer of somebody who is no member. */
  | "peer-not-found"
  /** A kind of message that no replica sends to another. */
  | "local-message"
  | "proposal-dropped"
  /** A peer's proposal, while forwarding is off. */
  | "forwarding-off"
  /** No correct replica sends this. */
  | "malformed"
  /** So far ahead of this replica that no correct replica can be there (reach.ts). */
  | "out-of-reach"
  /** The peer holds entries that this leader's quorum has lost. */
  | "peer-ahead"
  | LossError;

/** Entries are lost, and this replica must not take part any more. */
export type LossError =
  /** By the cluster: the leader's log contradicts what is committed here. */
  | "committed-entries-lost"
  /** By this replica: the leader counts on entries that it acknowledged. */
  | "acknowledged-entries-lost";
