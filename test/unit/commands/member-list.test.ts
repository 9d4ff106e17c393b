// `fleet member list` says which cluster version rules, and which members keep it from rising, as `fleet status` does.

import { afterEach, expect, test, vi } from "vitest";
import MemberList from "../../../src/commands/member/list.ts";
import { MemberKind } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { ListMembersResponse } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { client } from "./fake-client.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/fleet-client.ts", async () => (await import("./fake-client.ts")).fleetClient);
vi.mock(
  "../../../src/client/context/resolve-target.ts",
  async () => (await import("./fake-client.ts")).resolving,
);

afterEach(() => vi.clearAllMocks());

interface Case {
  readonly clusterVersion: number;
  /** What each member's build knows; 0 = it is not connected. */
  readonly knows: readonly number[];
  /** Numbers of members that are to leave. */
  readonly leaving?: readonly number[];
}

const reply = ({ clusterVersion, knows, leaving = [] }: Case) =>
  ListMembersResponse.fromPartial({
    ...{ configurationIndex: 7, clusterVersion },
    members: knows.map((knownVersion, at) => ({
      member: {
        ...{ nodeId: at + 1, name: `n${at + 1}`, address: `127.0.0.1:700${at + 1}` },
        wanted: leaving.includes(at + 1) ? MemberKind.REMOVED : MemberKind.VOTER,
      },
      ...{ knownVersion, build: knownVersion === 0 ? "" : `0.${knownVersion}.0` },
    })),
  });

test.each<Case & { says: string; why: string }>([
  { clusterVersion: 2, knows: [2, 2, 2], says: "● cluster version 2", why: "nothing waits" },
  {
    ...{ clusterVersion: 1, knows: [2, 1, 0] },
    says: "cluster version 1; version 2 waits for n2 (build 0.1.0 knows version 1), n3 (not connected)",
    why: "an older build, and one that may return as one",
  },
  {
    clusterVersion: 1,
    knows: [2, 2, 2],
    says: "cluster version 1; version 2 is being raised",
    why: "all know it",
  },
  {
    ...{ clusterVersion: 1, knows: [2, 2, 1], leaving: [3] },
    says: "cluster version 1; version 2 is being raised",
    why: "a removed member is not awaited",
  },
])("$says: $why", async (given) => {
  client.listMembers.mockResolvedValue(reply(given));
  const { stdout } = await run(MemberList, "member list", []);
  expect(stdout).toContain("● configuration index 7\n");
  expect(stdout).toContain(given.says);
});

test("a leader of an earlier build does not say, and so nothing is claimed", async () => {
  client.listMembers.mockResolvedValue(reply({ clusterVersion: 0, knows: [2, 2] }));
  const { stdout } = await run(MemberList, "member list", []);
  expect(stdout).not.toContain("cluster version");
});

test("-o json has the versions as the status has them", async () => {
  client.listMembers.mockResolvedValue(reply({ clusterVersion: 1, knows: [2, 1] }));
  const { stdout } = await run(MemberList, "member list", ["-o", "json"]);
  expect(JSON.parse(stdout).versions).toEqual({
    ...{ ruling: 1, newest: 2 },
    awaited: [{ name: "n2", knownVersion: "1", build: "0.1.0" }],
  });
});
