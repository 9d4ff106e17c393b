// All drills. A new one is another row here, as long as its act is one that the executor knows.

import type { DrillSpec, InjectedFault, Victims } from "./drill-spec.ts";

const MINUTE_MS = 60_000;

const cut = (
  name: string,
  victims: Victims,
  direction: "both" | "incoming" | "outgoing",
  expects: DrillSpec["expects"],
  summary: string,
): DrillSpec => ({
  ...{ name, summary, victims, expects, holdMs: 3_000 },
  act: { kind: "inject", fault: { kind: "partition", direction } },
});

const injected = (
  name: string,
  victims: Victims,
  fault: InjectedFault,
  expects: DrillSpec["expects"],
  summary: string,
): DrillSpec => ({ ...{ name, summary, victims, expects, holdMs: 4_000 }, act: { kind: "inject", fault } });

export const DRILLS: readonly DrillSpec[] = [
  {
    ...{ name: "kill-leader", victims: "leader", act: { kind: "kill" }, expects: "new-leader", holdMs: 0 },
    summary: "SIGKILL the leader",
  },
  {
    ...{
      name: "kill-follower",
      victims: "follower",
      act: { kind: "kill" },
      expects: "no-stop",
      holdMs: 2_000,
    },
    summary: "SIGKILL a follower",
  },
  {
    ...{ name: "kill-all", victims: "all", act: { kind: "kill" }, expects: "stop", holdMs: 2_000 },
    summary: "SIGKILL all coordinators at once, then start them",
  },
  {
    ...{
      name: "pause-leader",
      victims: "leader",
      act: { kind: "pause" },
      expects: "new-leader",
      holdMs: 2_000,
    },
    summary: "SIGSTOP the leader: it keeps its connections and answers nothing",
  },
  cut("partition", "leader", "both", "new-leader", "Cut the leader off from its peers, not from clients"),
  cut("partition-follower", "follower", "both", "no-stop", "Cut a follower off from its peers"),
  cut("partition-minority", "minority", "both", "no-stop", "Cut as many followers off as a quorum can miss"),
  cut(
    "partition-deaf",
    "leader",
    "incoming",
    "new-leader",
    "The leader receives nothing from its peers, but they receive from it",
  ),
  cut(
    "partition-mute",
    "leader",
    "outgoing",
    "new-leader",
    "The leader's peers receive nothing from it, but it receives from them",
  ),
  injected(
    "lossy-network",
    "all",
    { kind: "lossy-links", lossPercent: 10, delayMs: 10 },
    "no-stop",
    "All links between coordinators lose a tenth of the frames, and delay the rest",
  ),
  injected(
    "slow-disk",
    "leader",
    { kind: "slow-disk", delayMs: 200 },
    "no-stop",
    "Each write of the leader's disk takes 200 ms longer",
  ),
  injected(
    "full-disk",
    "leader",
    { kind: "full-disk" },
    "new-leader",
    "The leader's disk takes no new content",
  ),
  injected(
    "failing-disk",
    "leader",
    { kind: "failing-disk" },
    "new-leader",
    "The leader's disk fails every write, and the replica stops",
  ),
  injected(
    "clock-jump",
    "leader",
    { kind: "clock-jump", byMs: 60 * MINUTE_MS },
    "no-stop",
    "The leader's wall clock jumps an hour ahead, and back",
  ),
  {
    ...{ name: "transfer", victims: "leader", act: { kind: "transfer" }, expects: "new-leader", holdMs: 0 },
    summary: "Hand leadership to another replica",
  },
  {
    ...{
      name: "rolling-restart",
      victims: "all",
      act: { kind: "restart-each" },
      expects: "no-stop",
      holdMs: 0,
    },
    summary: "Stop and start all coordinators, one after the other, the leader last",
  },
  {
    ...{ name: "lose-disk", victims: "follower", act: { kind: "wipe" }, expects: "no-stop", holdMs: 0 },
    summary: "A follower loses its data folder, and rejoins empty",
  },
  {
    ...{ name: "lose-quorum", victims: "majority", act: { kind: "kill" }, expects: "stop", holdMs: 2_000 },
    summary: "SIGKILL a majority, see writes refused in time, then start it",
  },
  {
    ...{ name: "coordinators-down", victims: "all", act: { kind: "kill" }, expects: "stop", holdMs: 5_000 },
    watchesShards: true,
    summary: "Without any coordinator, shards keep serving their agents",
  },
  {
    ...{ name: "kill-shard", victims: "shard", act: { kind: "kill" }, expects: "no-stop", holdMs: 2_000 },
    summary: "SIGKILL a shard; its agents come back to it, and coordinators take writes all the time",
  },
  {
    ...{
      name: "double-dial",
      victims: "agent",
      act: { kind: "dial-twice" },
      expects: "no-stop",
      holdMs: 8_000,
    },
    watchesShards: true,
    summary: "A second agent of a cluster dials its shard, which refuses it; the fleet shows it as drift",
  },
];
