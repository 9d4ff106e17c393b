// Which of etcd's own tests cannot pass on a fleet, and why. A reason names what differs, or what the test needs of the
// inside of etcd. Any other test must pass.

const MEMBERS =
  "members of a fleet are changed with fleet member: a member needs a certificate, a name and a reason";
const LEARNERS = "it adds a learner through the API: members of a fleet are changed with fleet member";
const ROLES = "roles and users are the fleet's, by certificate";
const INSIDE = "it needs a fault inside of etcd's own process";
const LIMITS = "it sets a limit of etcd's process; a fleet has etcd's defaults";
const TLS = "it uses etcd's own certificates; a fleet has its own authority";
const HISTORY =
  "a fleet sends history in answers of about a mebibyte, so that a slow watcher costs little memory";

const SCHEME =
  "without TLS it asks one endpoint for http://HOST:PORT, which Node's HTTP/2 refuses: name it without the scheme";

const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/\.TestMember(Add|Remove|Update|Promote)(?!UpdateWrongURLs)/, MEMBERS],
  [/Learner/, LEARNERS],
  [/\.Test(Role|User|Auth|V3Auth)/, ROLES],
  [/\.Test(KVPutError|KVLargeRequests|V3LargeRequests|V3StorageQuota|V3Quota)/, LIMITS],
  [/\.Test(TLS|DialTLS)/, TLS],
  [/\.TestWatchFragment/, HISTORY],
  [
    /\.Test(BalancerUnder|DropReadUnder)NetworkPartition|\.TestSwitchSetEndpoints|\.TestV3LeaseFailover$/,
    INSIDE,
  ],
  [
    /\.TestGRPC(Stream)?RequireLeader|\.TestWatchCancelOnServer|\.TestV3WatchCancellation|\.TestV3Metrics/,
    INSIDE,
  ],
  [
    /\.Test(WatchWith|ConfigurableWatch)ProgressNotify|\.TestV3WatchProgressOnMemberRestart/,
    "it sets the interval of reports inside of etcd's process",
  ],
  [/\.TestMaintenanceSnapshotErrorInflight/, "it writes etcd's database file itself"],
  [/\.Test(RejectOldCluster|DialForeignEndpoint|MaintenanceHashKV|MaintenanceStatus)$/, SCHEME],
  [/\.TestV3LeaseCheckpoint/, "a fleet's new leader grants every lease its full time to live again"],
  [
    /\.TestBalancerUnderBlackholeNoKeepAlive(Put|Delete|Txn)/,
    "a fleet pings its clients and closes a connection that swallows everything; an etcd keeps it for hours",
  ],
];

/** Null: the test must pass. */
export const whyLeftOut = (name: string): string | null =>
  LEFT_OUT.find(([pattern]) => pattern.test(name))?.[1] ?? null;
