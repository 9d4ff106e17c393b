// The leader raises the cluster version to what all members announce, and to no more (ADR-0015).

import { expect, test } from "vitest";
import type { NodeId } from "../../../../src/core/base/ids.ts";
import {
  describeBuilds,
  ignorantOf,
  VersionWatch,
} from "../../../../src/core/coordinator/cluster-version/version-watch.ts";
import { MemberKind, type RaiseClusterVersion } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import * as make from "../../fleet/replica.ts";

interface Case {
  readonly role?: "leader" | "follower";
  readonly knownVersion?: number;
  readonly members?: readonly make.OperationKind[];
  /** What each node's build knows; one that is not named is not connected. */
  readonly heard: Readonly<Record<number, number>>;
}

const THREE = [1, 2, 3].map((id) => make.member(id));

function announcedIn(heard: Readonly<Record<number, number>>) {
  return (id: NodeId) => {
    const knownVersion = heard[id];
    return knownVersion === undefined ? null : { knownVersion, build: `0.${knownVersion}` };
  };
}

function watch({ role = "leader", knownVersion = 2, members = THREE, heard }: Case) {
  const replica = new make.Replica().applyAll(members);
  const raised: RaiseClusterVersion[] = [];
  const settle: (() => void)[] = [];
  const watched = new VersionWatch({
    driver: { role },
    view: () => replica.state,
    announced: announcedIn(heard),
    knownVersion,
    raise: (raise) => {
      raised.push(raise);
      return new Promise<void>((resolve) => settle.push(resolve));
    },
  });
  return { watched, raised, replica, settle };
}

test.each<Case & { readonly to: readonly number[]; readonly why: string }>([
  { heard: { 1: 2, 2: 2, 3: 2 }, to: [2], why: "all members know it" },
  { heard: { 1: 2, 2: 2, 3: 1 }, to: [], why: "one is of an older build" },
  { heard: { 1: 2, 2: 2 }, to: [], why: "one is not connected, and may come back older" },
  { heard: { 1: 2, 2: 2, 3: 2 }, role: "follower", to: [], why: "a follower raises nothing" },
  { heard: { 1: 2 }, members: [], to: [], why: "the founders are not written down" },
  { heard: { 1: 3, 2: 3, 3: 2 }, knownVersion: 3, to: [2], why: "the lowest counts" },
  { heard: { 1: 2, 2: 3, 3: 3 }, to: [2], why: "a leader raises no version that it does not know" },
  {
    heard: { 1: 2, 2: 2, 3: 2 },
    members: [...THREE, make.member(4, MemberKind.LEARNER)],
    to: [],
    why: "a learner applies the same entries",
  },
  {
    heard: { 1: 2, 2: 2 },
    members: [...THREE, { $case: "removeMember", value: { nodeId: 3 } }],
    to: [2],
    why: "a removed member is waited for no more",
  },
])("raised to $to: $why", ({ to, why: _, ...given }) => {
  const { watched, raised } = watch(given);
  watched.look();
  expect(raised.map(({ version }) => version)).toEqual(to);
});

test("one raise at a time, which the state takes, and then there is nothing to raise", async () => {
  const { watched, raised, replica, settle } = watch({ heard: { 1: 2, 2: 2, 3: 2 } });
  watched.look();
  watched.look();
  expect(raised).toHaveLength(1);
  const value = raised[0] ?? { version: 0, announced: [] };
  expect(make.brief(replica.apply({ $case: "raiseClusterVersion", value }))).toBe("changed v2");
  for (const done of settle) done();
  await Promise.resolve();
  watched.look();
  expect(raised).toHaveLength(1);
});

test("who does not know a version is told with its build", () => {
  const { replica } = watch({ heard: {} });
  const ignorant = ignorantOf(2, replica.state, announcedIn({ 1: 2, 2: 1 }));
  expect(describeBuilds(ignorant)).toBe("n2 (build 0.1 knows version 1), n3 (not connected)");
});
