// Why a message was dropped or had no effect. The driver counts and warns; the core only reports.

export type StepError =
  /** An answer of a replica that is not a member. */
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
  /** The cluster lost them: the leader's log contradicts what is committed here. */
  | "committed-entries-lost"
  /** This replica lost them: the leader relies on entries that this replica acknowledged. */
  | "acknowledged-entries-lost";
