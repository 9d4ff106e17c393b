// The configuration of a group that has voters, no learners, and no change of members in progress.

interface OnlyVoters<Voters> {
  readonly voters: Voters;
  readonly learners: never[];
  readonly votersOutgoing: never[];
  readonly learnersNext: never[];
  readonly autoLeave: boolean;
}

/** `voters`: the ids as the caller keeps them, which differs between Raft and its messages. */
export function onlyVoters<Voters extends readonly number[]>(voters: Voters): OnlyVoters<Voters> {
  return { voters, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
}
