// Commands of etcdctl 3.4, in the order in which they run on a fresh fleet and on a fresh etcd of three members each.
// A row with a reason must print something else on the fleet; any other row must print the same.

export interface Step {
  readonly words: string;
  /** Of its stdin. */
  readonly input?: string;
  /** It does not end of itself: it is interrupted when it has printed so many lines. */
  readonly lines?: number;
  /** It begins a second later: etcd makes a member's id of its URL and the second. */
  readonly inNextSecond?: true;
  /** Its lines come in any order. */
  readonly isSorted?: boolean;
  /** Why it prints something else on a fleet. */
  readonly reason?: string;
  /** What differs between any two clusters, and what is shown in its place. */
  readonly hide?: readonly (readonly [RegExp, string])[];
}

const same = (...commands: readonly string[]): Step[] => commands.map((words) => ({ words }));
const differ = (reason: string, ...commands: readonly string[]): Step[] =>
  commands.map((words) => ({ words, reason }));

const ROLES = "roles and users are the fleet's, by certificate";
const TOOK: readonly [RegExp, string] = [/\d+(\.\d+)?(ms|µs|s)\b/g, "TIME"];
const SIZE: readonly [RegExp, string] = [/\d+(\.\d+)? [kM]?B/g, "SIZE"];

const KEYS = same(
  "put a 1",
  "put a 2 --prev-kv",
  "put b 3 -w json",
  "put a --ignore-value",
  "put a 9 --ignore-lease",
  "put c --ignore-value",
  "put c 1 --ignore-lease",
  "put a 9 --ignore-value",
  "put c 1 --lease=4d2",
  "put",
  "put a b c",
  'put bin ""',
  "get a",
  "get a -w json",
  "get a -w fields",
  "get a --hex",
  "get a --print-value-only",
  'get --prefix "" --keys-only',
  'get --prefix "" --order=DESCEND --limit=2',
  'get --prefix "" --sort-by=MODIFY --order=ASCEND',
  'get --prefix "" --sort-by=VALUE --order=DESCEND',
  'get --prefix "" --sort-by=VERSION',
  'get --prefix "" --sort-by=CREATE --limit=1',
  "get --from-key b",
  'get --from-key "" -w json',
  "get a b",
  "get a --consistency=s",
  "get a --consistency=l",
  "get a --rev=2",
  "get a --rev=1",
  "get a --rev=0",
  "get a --rev=999999",
  'get ""',
  "get none",
  'get --prefix "" --limit=1 -w json',
  "del none",
  "del b --prev-kv",
  "del --prefix bi -w json",
  "del --from-key z",
  'del ""',
  "put k/1 x",
  "put k/2 y",
  "put k/3 z",
  "del k/1 k/3",
  "get --prefix k/ -w fields",
);

const TRANSACTIONS: readonly Step[] = [
  { words: "txn", input: 'value("a") = "9"\n\nput r yes\nget a\n\nput r no\n\n' },
  {
    words: "txn",
    input: 'version("a") > "0"\nmod("a") > "1"\ncreate("none") = "0"\n\nput r yes\n\nput r no\n\n',
  },
  { words: "txn", input: 'lease("a") = "0"\n\nget r\ndel r --prev-kv\nput r 2\n\n\n' },
  { words: "txn -w json", input: 'value("none") = "1"\n\n\nput r no\nget --prefix k/\n\n' },
  { words: "txn -w fields", input: "\nget a\n\n\n" },
  { words: "txn", input: "\nput dup 1\nput dup 2\n\n\n" },
  { words: "txn", input: "\nput d 1\ndel d\n\n\n" },
  { words: "txn", input: "nonsense\n\n\n\n" },
  { words: "txn -i", input: 'value("a") = "9"\n\nput r again\n\n\n' },
];

const WATCHES: readonly Step[] = [
  { words: "watch --rev=2 a", lines: 9 },
  { words: "watch --rev=2 --prefix k/ --prev-kv", lines: 12 },
  { words: "watch --rev=2 k/ k/3 -w json", lines: 2 },
  {
    words: 'watch --rev=3 --prefix "" -w fields',
    lines: 20,
    hide: [[/"(MemberID|ClusterID|RaftTerm)" : \d+/g, '"$1" : …']],
  },
  { words: "watch -i", input: "watch a --rev=3\n", lines: 9 },
  { words: "watch -i", input: "watch none\nprogress\n", lines: 1 },
  { words: "watch --rev=2 a b -- echo fired", lines: 4 },
];

const LEASE_ID: readonly (readonly [RegExp, string])[] = [[/lease [0-9a-f]+/, "lease ID"]];
const LEASES: readonly Step[] = [
  { words: "lease grant 600", hide: LEASE_ID },
  { words: "lease grant 600 -w json", hide: [[/"ID":\d+/, '"ID":…']] },
  ...same("lease grant -1", "lease grant 9000000001", "lease grant x"),
  { words: "lease list", hide: [[/^[0-9a-f]{8,}$/gm, "ID"]] },
  { words: "put leased 1 --lease=$LEASE" },
  { words: "get leased -w fields", hide: [[/"Lease" : \d+/, '"Lease" : …']] },
  { words: "put leased 2 --ignore-lease" },
  { words: "lease timetolive $LEASE --keys", hide: [...LEASE_ID, [/remaining\(\d+s\)/, "remaining"]] },
  { words: "lease timetolive $LEASE -w json", hide: [[/"(id|ttl)":\d+/g, '"$1":…']] },
  { words: "lease keep-alive $LEASE --once", hide: LEASE_ID },
  { words: "lease keep-alive $LEASE", lines: 1, hide: LEASE_ID },
  { words: "lease revoke $LEASE", hide: LEASE_ID },
  ...same(
    "get leased",
    "lease revoke 4d2",
    "lease keep-alive 4d2 --once",
    "lease keep-alive 4d2",
    "lease timetolive 4d2",
    "lease timetolive 4d2 -w json",
    "lease revoke zz",
  ),
  // The last one: it lives for 2 s, and those after it would depend on the machine's speed.
  { words: "lease grant 0", hide: LEASE_ID },
];

const HELD: readonly (readonly [RegExp, string])[] = [[/\/[0-9a-f]{12,}/g, "/ID"]];
const LOCKS: readonly Step[] = [
  { words: "lock door", lines: 1, hide: HELD },
  { words: "lock door --ttl=5 -- echo held" },
  { words: 'lock door -- sh -c "exit 3"' },
  { words: "elect post me", lines: 2, hide: HELD },
  { words: "get --prefix post" },
  { words: "get --prefix door" },
];

const MEMBER_ID: readonly (readonly [RegExp, string])[] = [
  [/Member +[0-9a-f]+/, "Member ID"],
  [/cluster +[0-9a-f]+/, "cluster ID"],
  [/ETCD_INITIAL_CLUSTER="[^"]*"/, 'ETCD_INITIAL_CLUSTER="…"'],
];
/** A member that never starts. */
const MEMBERS: readonly Step[] = [
  { words: "member add n9 --learner --peer-urls=https://127.0.0.1:1", hide: MEMBER_ID },
  { words: "member add n9 --peer-urls=https://127.0.0.1:1", inNextSecond: true },
  ...same("member add n8 --peer-urls=https://127.0.0.1", "member promote $MEMBER"),
  {
    words: "member update $MEMBER --peer-urls=https://127.0.0.1:2",
    reason: "a member of a fleet keeps its address: fleet member replace (ADR-0071)",
  },
  { words: "member remove $MEMBER", hide: MEMBER_ID },
  { words: "member remove $MEMBER" },
  { words: "member add n9 --peer-urls=https://127.0.0.1:1", hide: MEMBER_ID, inNextSecond: true },
  { words: "member promote $MEMBER" },
  { words: "member remove $MEMBER", hide: MEMBER_ID },
];

const HASHES = same("endpoint hashkv", "compaction 4", "endpoint hashkv");

const UPKEEP: readonly Step[] = [
  ...same(
    "compaction 999999",
    "compaction x",
    "compaction 4",
    "compaction 5",
    "compaction 5",
    "compaction 6 --physical",
  ),
  ...same("get a --rev=4", "get a --rev=6"),
  { words: "watch --rev=2 a", lines: 1 },
  { words: "alarm list" },
  { words: "alarm list -w json", reason: "etcd 3.4 answers without a header, 3.5 with one" },
  { words: "alarm disarm" },
  { words: "endpoint health", isSorted: true, hide: [TOOK] },
  { words: "endpoint health --cluster", isSorted: true, hide: [TOOK] },
  {
    words: "endpoint status",
    hide: [[/, \d+, \d+, \d+, ,/g, ", TERM, INDEX, INDEX, ,"], SIZE],
    reason: "a fleet says which version of etcd's API it serves: 3.5.33",
  },
  { words: "endpoint hashkv --cluster", isSorted: true, hide: [[/, \d+/, ", HASH"]] },
  { words: "defrag" },
  { words: "defrag --cluster", isSorted: true },
  { words: "member list", hide: [[/\be(\d)\b/g, "n$1"]], reason: "a member's id is its number in the fleet" },
  { words: "move-leader 5" },
  ...same("member remove 77", "member update 77 --peer-urls=http://127.0.0.1:1", "member promote 77"),
  ...MEMBERS,
  ...differ(
    ROLES,
    "user list",
    "user get root",
    "user delete none",
    "role list",
    "role get none",
    "role delete none",
    "auth enable",
  ),
  ...differ(
    ROLES,
    "role add r",
    "role grant-permission r read a",
    "user add u:p",
    "user grant-role u r",
    "user passwd u --interactive=false",
  ),
  { words: "auth disable" },
  { words: "version" },
];

/** Those that need no second member, and little time. */
export const SMOKE_STEPS: readonly Step[] = [...KEYS, ...TRANSACTIONS, ...HASHES];

export const STEPS: readonly Step[] = [
  ...KEYS,
  ...TRANSACTIONS,
  ...WATCHES,
  ...HASHES,
  ...LEASES,
  ...LOCKS,
  ...UPKEEP,
];
