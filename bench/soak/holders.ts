// The names in the hostile callers' certificates. Some attacks have one of their own: an identity's limits, which one attack
// has used up, must not end another.

export const HOLDERS = {
  shard: "fleet://shard/evil",
  cluster: "fleet://cluster/evil",
  stranger: "fleet://replica/99",
  removed: "fleet://replica/4",
  nameless: "https://example.com/no-identity",
  readonly: "fleet://readonly",
  operator: "fleet://operator/evil",
  client: "fleet://client/evil",
  deaf: "fleet://shard/deaf",
  slow: "fleet://shard/slow",
  unfinished: "fleet://operator/slow",
  named: "fleet://shard/named",
  labelled: "fleet://cluster/labelled",
  ping: "fleet://shard/flood-1",
  settings: "fleet://shard/flood-2",
  window: "fleet://shard/flood-3",
  continuation: "fleet://shard/flood-4",
  frames: "fleet://shard/flood-5",
} as const;

/** The number in the removed member's certificate. */
export const REMOVED_NUMBER = 4;
export const STRANGER_NUMBER = 99;
