// One simulated node: a disk that stays, a clock of its own, and processes that come and go. What must stay true:
// nothing reaches a process that has ended, and a paused one does nothing.

import type { Clock } from "../base/clock.ts";
import { type GroupId, type NodeId, nodeId } from "../base/ids.ts";
import type { ReadResult, WriteResult } from "../coordinator/group/pending.ts";
import type { Holding, Readmission } from "../coordinator/membership/readmission.ts";
import type { ConfChange } from "../raft/confchange.ts";
import type { RaftStatus } from "../raft/status.ts";
import type { Peer } from "../transport/transport.ts";
import type { Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { KnownMember } from "../wire/gen/fleet/v1/raft.ts";
import { Chance } from "./chance.ts";
import type { Answer, Change } from "./change-request.ts";
import { drawClockRate } from "./clock-rate.ts";
import { diskDelayMs } from "./disk-delay.ts";
import type { Elector } from "./electable.ts";
import { electorOf } from "./elector-of.ts";
import { asFinding, failureCodeOf, isCorruption, isDiskFailure } from "./findings.ts";
import type { Port } from "./network.ts";
import { portTo } from "./node-port.ts";
import { bootstrapFolder, META_FILE, REJOIN_MARK } from "./open-folder.ts";
import { Process } from "./process.ts";
import { kindOf, type SideGroup } from "./side-groups.ts";
import type { FenceMark } from "./state-comparing.ts";
import { VirtualDisk } from "./virtual-disk.ts";
import type { World } from "./world.ts";

const QUICK_TURN_MS = 0.2;
/** Some moment after 1970. */
const START_MS = 1_700_000_000_000;

export interface NodeHost {
  /** Whom the node's command line names. */
  givenTo(node: SimNode): readonly Peer[];
  /** What the peer's build knows; null while it is down. */
  knownBy(peer: NodeId): number | null;
  /** The node opens a stream, and says who it is. */
  introduce(node: SimNode, to: NodeId): void;
  /** Asks the other nodes on behalf of one that lost its disk. */
  askToRejoin(node: SimNode, group: GroupId, holding: Holding): Promise<Readmission>;
  /** It leads now. */
  elected(node: SimNode): void;
  /** It stopped because its disk failed. */
  stopped(node: SimNode): void;
  /** The node did something: look at it. */
  touched(node: SimNode): void;
  failed(error: unknown): void;
}

export class SimNode {
  readonly id: NodeId;
  readonly disk: VirtualDisk;
  readonly #world: World;
  readonly #host: NodeHost;
  readonly #chance: Chance;
  readonly #turns: Chance;
  readonly #clockRate: number;
  #clockOffsetMs = 0;
  #pausedUntilMs = 0;
  #process: Process | null = null;
  /** A process reads its disk. */
  #isStarting = false;
  #lives = 0;
  #isRetired = false;
  #wasWiped = false;
  /** It lost its disk, and does not vote in every group again. */
  #lacksGroups = false;
  readonly #fenceMark: FenceMark = { found: null };
  /** Frames until the machine stops between a write and its sync; 0 = not planned. */
  #framesUntilCrash = 0;
  #onPlannedCrash: () => void = () => undefined;

  constructor(id: NodeId, world: World, host: NodeHost) {
    this.id = id;
    this.#world = world;
    this.#host = host;
    this.#chance = Chance.of(world.swarm.seed, "disk", id);
    this.#turns = Chance.of(world.swarm.seed, "turns", id);
    this.disk = new VirtualDisk(this.#chance);
    this.#clockRate = drawClockRate(world.swarm, this.#chance);
    world.network.attach(id, this.#port());
  }

  get process(): Process | null {
    return this.#process;
  }

  get isUp(): boolean {
    return this.#process !== null;
  }

  get isStarted(): boolean {
    return this.isUp || this.#isStarting;
  }

  get isRejoining(): boolean {
    if (this.#process !== null) {
      if (this.#process.hasAllGroups) this.#lacksGroups = false;
      return this.#process.isMarked || this.#lacksGroups;
    }
    const { disk } = this;
    if (this.#lacksGroups) return true;
    return disk.isDamaged || disk.inode(META_FILE) === undefined || disk.inode(REJOIN_MARK) !== undefined;
  }

  status(): RaftStatus | null {
    return this.#process?.driver.status() ?? null;
  }

  /** Jumps with the wall clock alone; in whole milliseconds, as a command's stamp has them. */
  readonly clock: Clock = {
    monotonicMs: () => Math.floor(this.#world.queue.nowMs * this.#clockRate),
    wallMs: () => Math.floor(this.clock.monotonicMs() + START_MS + this.#clockOffsetMs),
  };

  get peer(): Peer {
    return { id: this.id, name: `n${this.id}`, address: `127.0.0.1:${this.id}` };
  }

  /** A peer has opened a stream. */
  welcome(peer: Peer, members: readonly KnownMember[]): void {
    this.#ask(({ services }) => services.welcome(peer, members));
  }

  /** What it tells peers of all members; nothing while it is down. */
  get members(): readonly KnownMember[] {
    return this.#process?.services.gate.known() ?? [];
  }

  /** Whether its transport has a stream to the peer. */
  knows(peer: NodeId): boolean {
    return this.#process?.services.isConnected(peer) ?? false;
  }

  /** What decides whom it can vote for, and who for it; null while it is down. */
  get elector(): Elector | null {
    return this.#process && electorOf(this.id, this.#process);
  }

  /** The first configuration, written before the first start. */
  async bootstrap(voters: readonly NodeId[]): Promise<void> {
    await bootstrapFolder(this.#folder(0), voters);
  }

  start(): void {
    if (this.#process !== null || this.#isStarting || this.#isRetired) return;
    this.#lives += 1;
    this.#pausedUntilMs = 0;
    this.#isStarting = true;
    const life = this.#lives;
    this.#world.trace.note(`n${this.id} starts`);
    const isCurrent = () => life === this.#lives;
    const given = this.#host.givenTo(this);
    Process.start({
      world: this.#world,
      node: this.id,
      life,
      folder: this.#folder(life),
      clock: this.clock,
      clockRate: this.#clockRate,
      given,
      knownVersion: this.#world.builds.knownBy(this.id),
      knownBy: (peer) => this.#host.knownBy(peer),
      introduce: (to) => this.#host.introduce(this, to),
      askToRejoin: (group, holding) => this.#host.askToRejoin(this, group, holding),
      fenceMark: this.#fenceMark,
      later: (ms, action) => this.#later(life, ms, action),
      turnMs: () => this.#turnMs(),
      onFrame: () => this.#countFrame(),
      onLeading: () => this.#host.elected(this),
      onFatal: (error) => isCurrent() && this.#onFatal(error),
      isAlive: isCurrent,
    }).then(
      (process) => {
        if (!isCurrent()) return;
        this.#isStarting = false;
        this.disk.isDamaged = false;
        this.#process = process;
        this.#host.touched(this);
      },
      (error: unknown) => isCurrent() && this.#onFatal(error),
    );
  }

  /** `isSeen`: the others' streams to it close, as when a process dies; else the machine vanished. */
  crash(isSeen: boolean): void {
    if (this.#process === null && !this.#isStarting) return;
    this.#world.trace.note(`n${this.id} crashes`);
    const process = this.#process;
    this.#process = null;
    this.#isStarting = false;
    this.#lives += 1;
    this.#framesUntilCrash = 0;
    if (!isSeen) this.disk.cutPower();
    this.disk.isFailing = false;
    if (process === null) return;
    this.#world.checker.stopped(this.id);
    const peers = process.driver.status().config.voters.filter((voter) => voter !== this.id);
    process.stop();
    if (isSeen) for (const peer of peers) this.#world.network.disconnect(this.id, peer);
  }

  /** It never starts again. */
  retire(isSeen: boolean): void {
    this.#isRetired = true;
    this.crash(isSeen);
  }

  /** The machine stops between the `frames`th next write and its sync. */
  crashInWrite(frames: number, onCrash: () => void): void {
    this.#framesUntilCrash = frames;
    this.#onPlannedCrash = onCrash;
  }

  /** The disk is lost with everything on it; only a node that is down can lose it. */
  wipe(): void {
    this.crash(true);
    this.#world.trace.note(`n${this.id} loses its disk`);
    this.disk.wipe();
    this.#wasWiped = true;
    this.#lacksGroups = true;
    this.#world.checker.wiped(this.id);
  }

  /** The process or the machine stops, and something synced has rotted: the storage notices, or it does not matter. */
  damage(chance: Chance): void {
    this.crash(chance.permille(500));
    this.#world.trace.note(`n${this.id}'s disk is damaged: ${this.disk.damage(chance) ?? "it is empty"}`);
  }

  /** A row in its memory changes, as a bug or a bad module would have it. */
  flip(chance: Chance): void {
    this.#process?.flip(chance);
  }

  pause(ms: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#world.queue.nowMs + ms);
  }

  /** Ends a pause. */
  resume(): void {
    this.#pausedUntilMs = 0;
  }

  jumpClock(ms: number): void {
    this.#clockOffsetMs += Math.round(ms);
  }

  /** Null if no node is there to ask. */
  submit(data: Uint8Array, timeoutMs: number): Promise<WriteResult<Outcome>> | null {
    return this.#ask((process) => process.submit(data, this.clock.monotonicMs() + timeoutMs));
  }

  /** Asks one of the groups beside the fleet's own, if it is open. */
  inGroup<Answered>(
    group: GroupId,
    ask: (open: SideGroup) => Promise<Answered> | null,
  ): Promise<Answered> | null {
    const open = this.#ask(({ groups }) => groups.all.get(group) ?? null);
    return open && this.#guard(ask(open));
  }

  read(timeoutMs: number): Promise<ReadResult> | null {
    return this.#ask((process) => process.read(this.clock.monotonicMs() + timeoutMs));
  }

  readmit(peer: NodeId, group: GroupId, holding: Holding): Promise<Readmission> | null {
    return this.#guard(this.#ask(({ services }) => services.readmit(peer, group, holding)));
  }

  /** Adds a group beside the fleet's own. */
  createGroup(group: GroupId, timeoutMs: number): Promise<Answer> | null {
    const kind = kindOf(this.#world.swarm, group);
    return this.#guard(this.#ask(({ services }) => services.createGroup(group, kind, timeoutMs)));
  }

  changeMembers(change: Change, timeoutMs: number): Promise<Answer> | null {
    return this.#guard(this.#ask(({ services }) => services.changeMembers(change, timeoutMs)));
  }

  changeMembership(change: ConfChange): boolean {
    return this.#ask(({ driver }) => driver.proposeConfChange(change)) ?? false;
  }

  transferLeader(to: NodeId): void {
    this.#ask(({ driver }) => driver.transferLeader(to));
  }

  /** Checks everything that can be seen of it now. */
  observe(): void {
    this.#process?.observe();
  }

  #ask<Answer>(question: (process: Process) => Answer): Answer | null {
    if (this.#process === null || this.#pausedUntilMs > this.#world.queue.nowMs) return null;
    this.#host.touched(this);
    return question(this.#process);
  }

  /** A failure that no client would learn is a bug of ours. */
  #guard<Answered>(answer: Promise<Answered> | null): Promise<Answered> | null {
    if (answer === null) return null;
    return answer.catch((error: unknown) => {
      this.#host.failed(asFinding(this.id, error));
      return new Promise<never>(() => {});
    });
  }

  #later(life: number, ms: number, action: () => void): void {
    this.#world.queue.after(ms, () => this.#perform(life, action));
  }

  #perform(life: number, action: () => void): void {
    if (life !== this.#lives) return;
    const pausedMs = this.#pausedUntilMs - this.#world.queue.nowMs;
    if (pausedMs > 0) {
      // At least the clock's smallest step, or time would stand still.
      this.#later(life, Math.max(pausedMs, 0.001), action);
      return;
    }
    this.#host.touched(this);
    this.#attempt(action);
  }

  // What arrives during a pause waits in the machine's buffers.
  #port(): Port {
    const pass = (event: (process: Process) => void) => {
      const process = this.#process;
      if (process !== null) this.#perform(this.#lives, () => event(process));
    };
    return portTo(pass, () => this.#process);
  }

  // A turn that takes long holds up everything else that this process would do.
  #turnMs(): number {
    const { swarm, network } = this.#world;
    if (network.isQuiet || !swarm.noises.has("long-turns")) return this.#turns.ms(0, QUICK_TURN_MS);
    const dice = this.#turns.below(20_000);
    if (dice < swarm.badness) this.pause(this.#turns.ms(5, dice % 10 === 0 ? 1_500 : 200));
    return this.#turns.ms(0, 20 * QUICK_TURN_MS);
  }

  #countFrame(): void {
    if (this.#framesUntilCrash === 0) return;
    this.#framesUntilCrash -= 1;
    if (this.#framesUntilCrash > 0) return;
    const life = this.#lives;
    this.#world.queue.after(0, () => {
      if (life !== this.#lives) return;
      this.crash(false);
      this.#onPlannedCrash();
    });
  }

  /** How each process opens its data folder. */
  #folder(life: number) {
    const { swarm } = this.#world;
    const everybody = Array.from({ length: swarm.voters + swarm.spares }, (_, at) => nodeId(at + 1));
    // An empty folder means that the disk was lost. Only where no table tells who takes part, a newcomer just waits.
    const mayBeLost = swarm.hasTable || this.#wasWiped || this.id <= swarm.voters;
    return {
      ...{ node: this.id, life, disk: this.disk, chance: this.#chance, clock: this.clock },
      ...{ keys: this.#world.keys.of(this.id), segmentBytes: swarm.segmentBytes },
      partBytes: swarm.partBytes,
      founding: mayBeLost ? { bootstrap: false, voters: everybody } : null,
      groups: swarm.groups - swarm.createdGroups,
      delayMs: () => diskDelayMs(this.#world, this.#chance, this.disk),
      onUse: () => this.#world.queue.stir(),
      pass: (ms: number) => new Promise<void>((resolve) => this.#later(life, ms, resolve)),
    };
  }

  // A failed disk must stop the node; anything else that is fatal is a broken invariant.
  #onFatal(error: unknown): void {
    const code = failureCodeOf(error);
    // The operator moves the folder away, and starts the node again.
    const isLost = isCorruption(code) && this.disk.isDamaged;
    if (!isLost && !isDiskFailure(code)) {
      this.#host.failed(asFinding(this.id, error));
      return;
    }
    this.#world.trace.note(`n${this.id} stops: ${code}`);
    const life = this.#lives;
    this.#world.queue.after(0, () => {
      if (life !== this.#lives) return;
      if (isLost) this.wipe();
      else this.crash(true);
      this.#host.stopped(this);
    });
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#host.failed(asFinding(this.id, error));
    }
  }
}
