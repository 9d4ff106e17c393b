// What one run is like: size, timings, and which faults it knows. Each run enables its own subset (swarm testing;
// Groce and others, 2012): a fault that is always there hides what only happens in its absence.

import { PART_BYTES } from "../storage/stored-snapshot.ts";
import { Chance } from "./chance.ts";
import { drawSchedule, type Fault, type FaultKind, NOISES, type Noise, THEME_KINDS } from "./faults.ts";
import { drawFlips } from "./flips.ts";
import { drawLies } from "./lies.ts";
import { drawWear, WORN_MS_MIN, wornDisk } from "./worn-disk.ts";

export interface Swarm {
  readonly seed: number;
  readonly voters: number;
  /** Nodes that are no members at first. */
  readonly spares: number;
  /** Whether the members' table says who takes part; without it, changes of the configuration come from nowhere. */
  readonly hasTable: boolean;
  /** Raft groups beside the fleet's own, which are quiescent when nothing happens. */
  readonly groups: number;
  /** How many of them are created during the run; the others are bootstrapped with it. */
  readonly createdGroups: number;
  /** The one of them that replicates a key space, with clients that lock and watch; 0 = none. */
  readonly keysGroup: number;
  readonly clients: number;
  /** Clients whose entries are applied in slices. */
  readonly batchers: number;
  /** Who changes roles and revocations, and operators beside it: none where states go wrong, for its model is right. */
  readonly officers: number;
  /** Who moves clusters in waves. */
  readonly migrators: number;
  /** Clients whose history goes through the linearizability checker. */
  readonly contenders: number;
  readonly durationMs: number;
  readonly electionTicks: number;
  readonly snapshotEvery: number;
  readonly trailing: number;
  readonly segmentBytes: number;
  /** Between two rotations of a node's keys; 0 = data folders are plain. */
  readonly rotateMs: number;
  /** Larger snapshots are read, sent and restored in parts of so many bytes. */
  readonly partBytes: number;
  /** Between two parts of a state that is restored: what else the process does meanwhile. */
  readonly restorePauseMs: number;
  readonly messageBytesMax: number;
  readonly inflightMessagesMax: number;
  readonly committedBytesMax: number;
  readonly readOnly: "safe" | "lease-based";
  /** Whether messages go through their wire form. */
  readonly isEncoded: boolean;
  readonly thinkMs: number;
  /** Writes that a client sends before earlier ones are answered. */
  readonly outstandingMax: number;
  readonly latencyMs: number;
  readonly syncMs: number;
  /** How long a snapshot may be under way, beyond what a message takes. Entries and compactions continue meanwhile. */
  readonly journeyMs: number;
  readonly noises: ReadonlySet<Noise>;
  /** How bad the noises are, per mille of messages, or of the clock's rate. */
  readonly badness: number;
  readonly schedule: readonly Fault[];
  /** Whether the replicas compare their states (ADR-0017): in runs with flips, for it takes time. */
  readonly comparesStates: boolean;
  /** Whether a disk becomes slow for good; calm: and nothing else happens. */
  readonly wear: ReturnType<typeof drawWear>;
}

export interface SwarmOptions {
  /** Simulated time before the healing; drawn from the seed if null. */
  readonly durationMs: number | null;
  readonly without: ReadonlySet<Noise | FaultKind>;
  /** Ids of the faults to keep; null = all. */
  readonly only: ReadonlySet<number> | null;
}

export const WHOLE_SWARM: SwarmOptions = { durationMs: null, without: new Set(), only: null };

/** Of the runs with created groups. */
const KEYS_PERMILLE = 120;
/** Leases take two seconds at least. */
const KEYS_MS_MIN = 10_000;
/** Of all runs. */
const TRANSFERS_PERMILLE = 10;

export function drawSwarm(seed: number, options: SwarmOptions = WHOLE_SWARM): Swarm {
  const chance = Chance.of(seed, "swarm");
  const drawn = drawTheme(chance);
  const wear = drawWear(Chance.of(seed, "worn-disks"));
  const theme = rareTheme(seed, wear) ?? drawn;
  // In production hardly any snapshot of the simulator's size would come in parts.
  const partBytes = Chance.of(seed, "parts").pick([PART_BYTES, PART_BYTES, 2_048, 512]);
  const settings = { ...drawSettings(chance, theme, partBytes), ...theme.settings };
  const hasContenders = settings.contenders > 0;
  const hasKeys = settings.createdGroups > 0 && Chance.of(seed, "locks").permille(KEYS_PERMILLE);
  const leastMs = Math.max(hasKeys ? KEYS_MS_MIN : 0, wear === null ? 0 : WORN_MS_MIN);
  const durationMs = options.durationMs ?? Math.max(settings.durationMs, leastMs);
  const gapMs = chance.pick([100, 250, 600, 1_500]);
  const leaderPermille = chance.pick([100, 400, 900]);
  const schedule = drawSchedule(Chance.of(seed, "schedule"), {
    kinds: theme.kinds,
    nodes: settings.voters + settings.spares,
    durationMs,
    gapMs,
    leaderPermille,
  });
  const plan = { voters: settings.voters, kinds: theme.kinds, durationMs, leaderPermille };
  // With a wrong state beside it a slow disk may have to keep leadership.
  const flips = wear === "calm" ? [] : drawFlips(Chance.of(seed, "flips"), plan, schedule.length);
  const nodes = settings.voters + settings.spares;
  const lies = drawLies(Chance.of(seed, "lies"), { nodes, durationMs }, schedule.length + flips.length);
  const drawnSoFar = schedule.length + flips.length + lies.length;
  const worn = wear === null ? [] : [wornDisk(Chance.of(seed, "worn-disks", 1), nodes, drawnSoFar)];
  return {
    seed,
    ...settings,
    // Only a created group has a row with its kind.
    keysGroup: hasKeys ? settings.groups : 0,
    // A run with contenders has none of these three: its contenders would have less done before its end.
    batchers: hasContenders ? 0 : Chance.of(seed, "batchers").pick([1, 2]),
    officers: hasContenders || flips.length > 0 ? 0 : Chance.of(seed, "officers").pick([0, 1]),
    migrators: hasContenders || flips.length > 0 ? 0 : Chance.of(seed, "migrators").pick([0, 0, 1, 2, 3]),
    restorePauseMs: Chance.of(seed, "restores").pick([0, 0, 20, 100]),
    rotateMs: hasContenders ? 0 : Chance.of(seed, "keys").pick([0, 0, 400, 2_000]),
    durationMs,
    noises: new Set(theme.noises.filter((noise) => !options.without.has(noise))),
    comparesStates: flips.length > 0,
    wear,
    schedule: [...schedule, ...flips, ...lies, ...worn].filter(
      ({ id, kind }) => !options.without.has(kind) && (options.only?.has(id) ?? true),
    ),
  };
}

type Settings = Omit<
  Swarm,
  | "seed"
  | "noises"
  | "schedule"
  | "comparesStates"
  | "wear"
  | "keysGroup"
  | "batchers"
  | "officers"
  | "migrators"
  | "rotateMs"
  | "restorePauseMs"
>;

interface Theme {
  readonly noises: readonly Noise[];
  readonly kinds: readonly FaultKind[];
  readonly settings: Partial<Settings>;
}

// Entries that travel one by one over slow links to fast disks: what a leader did last reached few.
const SLOW_ROUNDS: Partial<Settings> = {
  voters: 3,
  clients: 4,
  messageBytesMax: 1,
  inflightMessagesMax: 1,
  electionTicks: 5,
  thinkMs: 10,
  outstandingMax: 20,
  latencyMs: 20,
  syncMs: 0.2,
};

// Entries come all the time, so that looks find a slow disk slow. After each timeout a leader takes no follower for active
// for a moment. With timeouts of 350 ms few of the looks, 500 ms apart, come then.
const CALM: Partial<Settings> = {
  voters: 3,
  spares: 0,
  clients: 2,
  electionTicks: 7,
  thinkMs: 50,
  outstandingMax: 3,
  latencyMs: 1,
  syncMs: 1,
  messageBytesMax: 1_024,
  inflightMessagesMax: 64,
};

// Leadership is transferred while reads trust leases, and the old leader is often deaf just then (fault-injector.ts). Slow
// links leave time for that between its order to campaign and the campaign. With few writes the order leaves at once.
const LEASED_READS: Partial<Settings> = {
  voters: 3,
  spares: 0,
  clients: 1,
  contenders: 2,
  electionTicks: 10,
  readOnly: "lease-based",
  durationMs: 6_000,
  thinkMs: 100,
  outstandingMax: 1,
  latencyMs: 20,
  syncMs: 0.2,
  messageBytesMax: 1_024,
  inflightMessagesMax: 64,
};

// Nothing happens but that two or three become more, and lose their leader just then (healing.ts). The newcomer comes in
// by a snapshot, while the others have entries behind that.
function lastChange(chance: Chance): Partial<Settings> {
  return {
    ...SLOW_ROUNDS,
    voters: chance.pick([2, 2, 3]),
    spares: 1,
    hasTable: false,
    groups: 0,
    createdGroups: 0,
    inflightMessagesMax: 64,
    snapshotEvery: 5,
    trailing: 0,
    journeyMs: 0,
    contenders: 3,
    clients: 1,
    durationMs: 5_000,
  };
}

/** Of few runs, by chances of their own: so no other run is another because of them. */
function rareTheme(seed: number, wear: Swarm["wear"]): Theme | null {
  if (wear === "calm") return { noises: [], kinds: [], settings: CALM };
  const chance = Chance.of(seed, "transfers");
  if (!chance.permille(TRANSFERS_PERMILLE)) return null;
  return { noises: [], kinds: ["transfer"], settings: LEASED_READS };
}

/** Mostly any faults; sometimes only those under which one rule is put to the test again and again. */
function drawTheme(chance: Chance): Theme {
  const theme = chance.below(20);
  if (theme === 0) return { noises: [], kinds: ["regicide"], settings: SLOW_ROUNDS };
  if (theme === 1)
    return {
      noises: [],
      kinds: ["membership"],
      settings: { ...SLOW_ROUNDS, voters: chance.pick([2, 3]), inflightMessagesMax: chance.pick([1, 64]) },
    };
  if (theme === 2)
    return {
      noises: [],
      kinds: ["members", chance.pick(["crash", "partition", "wipe", "rot"])],
      settings: {},
    };
  if (theme === 3) return { noises: [], kinds: [], settings: lastChange(chance) };
  const some = <Kind>(kinds: readonly Kind[], permille: number) =>
    kinds.filter(() => chance.permille(permille));
  // One run in ten is spared everything: what fails there is no matter of faults.
  const share = chance.pick([0, 200, 350, 350, 500, 500, 500, 700, 700, 900]);
  const kinds = some(THEME_KINDS, share);
  // Changes by request and changes without a request contradict each other.
  const absent = chance.pick(["membership", "members"] as const);
  return { noises: some(NOISES, share), kinds: kinds.filter((kind) => kind !== absent), settings: {} };
}

function drawSettings(chance: Chance, { noises, kinds }: Theme, partBytes: number): Settings {
  // Leases trust that clocks run alike and that processes do not stand still (Raft §6.4.1).
  const standsStill = noises.includes("long-turns") || kinds.includes("pause");
  const breaksLeases = noises.includes("drift") || standsStill || kinds.includes("clock-jump");
  // Their members follow the table's (ADR-0049).
  const hasTable = !kinds.includes("membership");
  const groups = hasTable ? chance.pick([0, 1, 2]) : 0;
  const created = chance.pick([0, 1, 1]);
  // Under version 1 no row names a bootstrapped group, so the fleet may remove its last host unknowingly.
  const changesHosts = kinds.some((kind) => ["wipe", "rot", "members"].includes(kind));
  return {
    groups,
    createdGroups: changesHosts ? groups : Math.min(groups, created),
    voters: chance.pick([1, 2, 3, 3, 3, 3, 3, 4, 5, 5]),
    spares: kinds.includes("membership") || kinds.includes("members") ? chance.between(1, 4) : 0,
    hasTable,
    clients: chance.between(1, 4),
    contenders: chance.pick([0, 2, 3]),
    durationMs: chance.between(3, 12) * 1_000,
    electionTicks: chance.between(5, 10),
    snapshotEvery: chance.pick([5, 20, 50, 200]),
    trailing: chance.pick([0, 0, 3, 20, 100]),
    segmentBytes: chance.pick([1, 2, 4, 16]) * 1_024,
    partBytes,
    // Small enough to be reached, unlike in production; 1 lets every entry travel alone.
    messageBytesMax: chance.pick([1, 1, 100, 1_024]),
    inflightMessagesMax: chance.pick([1, 1, 4, 64]),
    committedBytesMax: chance.pick([1, 100, 4_096]),
    readOnly: !breaksLeases && chance.permille(500) ? "lease-based" : "safe",
    isEncoded: chance.permille(200),
    thinkMs: chance.pick([10, 30, 50, 200]),
    outstandingMax: chance.pick([1, 3, 10, 20]),
    latencyMs: chance.pick([1, 1, 5, 20]),
    syncMs: chance.pick([0.2, 1, 5, 20]),
    journeyMs: chance.pick([0, 0, 100, 1_000]),
    badness: chance.pick([5, 20, 50, 150]),
  };
}
