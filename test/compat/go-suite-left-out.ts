// Which of etcd's own tests cannot pass on a fleet, and why. A reason names what differs, or what the test needs of the
// inside of etcd. Any other test must pass.

const ADDRESS = "a member of a fleet keeps its address: fleet member replace (ADR-0071)";
const WITHOUT_TLS =
  "the fleets of this suite have no TLS between members, and a new member proves its number by its certificate";
const READS =
  "a read whose leader is lost waits for the next one and succeeds; etcd refuses it (leader changed)";
const KEEP_ALIVES =
  "a keep-alive is confirmed by a quorum: the isolated leader answers none, and the test waits by the time of an answer";
const LEARNERS = "a learner of a fleet answers reads and writes, as every member does";
const MORE_LEARNERS = "a fleet may have more than one learner";
const ROLES = "roles and users are the fleet's, by certificate";
const INSIDE = "it needs a fault inside of etcd's own process";
const LIMITS = "it sets a limit of etcd's process; a fleet has etcd's defaults";
const TLS = "it uses etcd's own certificates; a fleet has its own authority";
const HISTORY =
  "a fleet sends history in answers of about a mebibyte, so that a slow watcher costs little memory";

const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/\.TestMemberUpdate$/, ADDRESS],
  [/\.TestMemberPromote$/, WITHOUT_TLS],
  [/\.Test(KVForLearner|BalancerSupportLearner)$/, LEARNERS],
  [/\.TestMaxLearnerInCluster$/, MORE_LEARNERS],
  [/\.Test(Role|User|Auth|V3Auth)/, ROLES],
  [/\.Test(KVPutError|KVLargeRequests|V3LargeRequests|V3StorageQuota|V3Quota)/, LIMITS],
  [/\.Test(TLS|DialTLS)/, TLS],
  [/\.TestWatchFragment/, HISTORY],
  [/\.TestDropReadUnderNetworkPartition$/, READS],
  [/\.TestV3LeaseFailover$/, KEEP_ALIVES],
  [/\.TestV3Metrics/, INSIDE],
  [
    /\.Test(WatchWith|ConfigurableWatch)ProgressNotify|\.TestV3WatchProgressOnMemberRestart/,
    "it sets the interval of reports inside of etcd's process",
  ],
  [/\.TestMaintenanceSnapshotErrorInflight/, "it writes etcd's database file itself"],
  [/\.TestV3LeaseCheckpoint/, "a fleet's new leader grants every lease its full time to live again"],
  [
    /\.TestBalancerUnderBlackholeNoKeepAlive(Put|Delete|Txn)/,
    "a fleet pings its clients and closes a connection that swallows everything; an etcd keeps it for hours",
  ],
];

/** Null: the test must pass. */
export const whyLeftOut = (name: string): string | null =>
  LEFT_OUT.find(([pattern]) => pattern.test(name))?.[1] ?? null;
