import { describe, expect, test } from "vitest";
import { Admission } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { verdictExit, verdictLines } from "../../../../src/ui/model/fleet-verdict.ts";
import { downNode, exportStatus, fleetReply, syncLatency, upNode } from "./fixtures.ts";

const healthy = fleetReply([upNode(1), upNode(2), upNode(3)]);
const oneDown = fleetReply([upNode(1), upNode(2), downNode(3)]);
const disputed = fleetReply([upNode(1), upNode(2, { leaderId: 2, term: 4 }), upNode(3, { leaderId: 0 })], {
  agreed: false,
  verdict: "degraded",
});
const differing = fleetReply([upNode(1), upNode(2), { ...upNode(3), hashAt: "ffff0000aaaa" }], {
  hashesAgree: false,
});
const noQuorum = fleetReply([downNode(1), downNode(2), upNode(3, { leaderId: 0 })], {
  verdict: "no-quorum",
  leader: null,
  hashesAgree: null,
});

const allDown = fleetReply([downNode(1), downNode(2), downNode(3)], { verdict: "no-quorum", leader: null });

const oneFull = fleetReply([upNode(1), upNode(2, { diskFull: true }), upNode(3)], { verdict: "degraded" });
const slow = { diskSlow: true, syncs: syncLatency(310) };
const slowFollower = fleetReply([upNode(1), upNode(2, slow), upNode(3)], { verdict: "degraded" });
const slowLeader = fleetReply([upNode(1, slow), upNode(2), upNode(3)], { verdict: "degraded" });
const outside = fleetReply(
  [upNode(1), upNode(2, { admission: Admission.REJOINING }), upNode(3, { admission: Admission.WAITING })],
  { verdict: "degraded" },
);

const undeleted = fleetReply([upNode(1, { snapshotExport: exportStatus({ undeleted: 2 }) }), upNode(2)]);

// As a build from before cluster versions answers.
const beforeVersions = { knownVersion: 0, clusterVersion: 0 };
const vanished = fleetReply([upNode(1, { snapshotExport: exportStatus({ vanished: 5 }) }), upNode(2)]);

describe("exit code", () => {
  test.each([
    { fleet: healthy, exit: 0, why: "nothing to say" },
    { fleet: oneDown, exit: 5, why: "degraded must not hide behind a zero" },
    { fleet: disputed, exit: 5, why: "leaders differ" },
    { fleet: differing, exit: 5, why: "replicas differ, whatever the verdict says" },
    { fleet: noQuorum, exit: 5, why: "no writes" },
  ])("$exit: $why", ({ fleet, exit }) => expect(verdictExit(fleet)).toBe(exit));
});

describe("lines", () => {
  test.each([
    { fleet: healthy, says: "local: healthy, 3 of 3 nodes up, n1 leads term 3", why: "one line" },
    { fleet: healthy, says: "state hashes agree at index 120", why: "" },
    { fleet: healthy, says: "cluster version 2", why: "which format rules" },
    {
      fleet: fleetReply([
        upNode(1, {
          clusterVersion: 1,
          awaitedUpgrades: [
            { nodeName: "n2", knownVersion: 1, build: "" },
            { nodeName: "n3", knownVersion: 0, build: "" },
          ],
        }),
        upNode(2, { ...beforeVersions, version: "0.0.9" }),
      ]),
      says: "cluster version 1; version 2 waits for n2 (build 0.0.9 knows version 1), n3 (not connected)",
      why: "what an upgrade waits for, as the leader knows it",
    },
    {
      fleet: fleetReply([upNode(1, beforeVersions), upNode(2, { clusterVersion: 1 })]),
      says: "cluster version 1; version 2 waits for n1 (build 0.1.0 knows version 1)",
      why: "a leader of an older build does not say whom it waits for",
    },
    {
      fleet: fleetReply([upNode(1, beforeVersions), upNode(2, beforeVersions)]),
      says: "cluster version 1",
      why: "all nodes are of an older build",
    },
    {
      fleet: allDown,
      says: "no node answers: start a local fleet with fleet up; elsewhere see each node's service and log",
      why: "what to do",
    },
    { fleet: oneDown, says: "n3 (127.0.0.1:7003) is down: connection refused", why: "which, where and why" },
    {
      fleet: disputed,
      says: "nodes disagree about the leader: n1 says n1 (term 3), n2 says n2 (term 4), n3 says none (term 3)",
      why: "each claim",
    },
    {
      fleet: differing,
      says: "state hashes differ at index 120: n1 abcdef01, n2 abcdef01, n3 ffff0000",
      why: "which replica",
    },
    {
      fleet: oneFull,
      says: "n2 (127.0.0.1:7002) has a full disk: free space on it; the node continues by itself",
      why: "which, and that nothing else is to be done",
    },
    {
      fleet: slowFollower,
      says: "n2 (127.0.0.1:7002) has a slow disk: writes took 310 ms in the last minute (p99)",
      why: "which, and how slow",
    },
    {
      fleet: slowLeader,
      says: "n1 (127.0.0.1:7001) has a slow disk: writes took 310 ms in the last minute (p99); it hands over as soon as another's disk is better",
      why: "and what it does about it",
    },
    {
      fleet: outside,
      says: "n2 (127.0.0.1:7002) is rejoining: it catches up, and does not vote until then",
      why: "up is not all",
    },
    {
      fleet: outside,
      says: "n3 (127.0.0.1:7003) has no data, and waits for a leader to admit it",
      why: "who waits for whom",
    },
    {
      fleet: fleetReply([upNode(1), { ...upNode(2), certificateDaysLeft: 3 }, upNode(3)]),
      says: "the certificate of n2 (127.0.0.1:7002) ends in 3 days: renew it with fleet cert rotate n2, or with fleet cert issue on a host of its own",
      why: "whose, and what to do",
    },
    {
      fleet: fleetReply([upNode(1), upNode(2, { certificateRefusal: "n2.crt ended at noon" }), upNode(3)]),
      says: "n2 (127.0.0.1:7002) still uses its old certificate, since n2.crt ended at noon: correct the files there before you restart it",
      why: "all is well until it is restarted",
    },
    {
      fleet: fleetReply([
        upNode(1),
        upNode(2, { certificateRevoked: "the certificate 6A is revoked" }),
        upNode(3),
      ]),
      says: "other nodes refuse n2 (127.0.0.1:7002), since the certificate 6A is revoked: renew it with fleet cert rotate n2, or with fleet cert issue on a host of its own",
      why: "it only looks silent to the leader",
    },
    {
      fleet: fleetReply([upNode(1), upNode(2), upNode(3), { ...downNode(4), address: "old:7000" }]),
      says: "no member is known by the address old:7000: if that node was removed, take it out of the endpoints",
      why: "a context outlives a node",
    },
    {
      fleet: fleetReply([upNode(1), upNode(2), upNode(3), upNode(4)]),
      says: "no member is known by the address 127.0.0.1:7004: if that node was removed, take it out of the endpoints",
      why: "a removed node that runs is none either",
    },
    {
      fleet: undeleted,
      says: "n1 could not delete 2 outdated snapshots in /backup (EACCES): delete them yourself, or give its user the permission",
      why: "retention does not work, and what to do",
    },
    {
      fleet: vanished,
      says: "all 5 snapshots that n1 had in /backup vanished: check that its disk is mounted, and who removed them; new snapshots still go there",
      why: "a backup disk was unmounted",
    },
    { fleet: noQuorum, says: "local: no-quorum, 1 of 3 nodes up, no leader", why: "" },
  ])("$says $why", ({ fleet, says }) => expect(verdictLines(fleet).map((line) => line.text)).toContain(says));
});

test("a node that waits to be let in is told of once", () => {
  const waiting = upNode(4, { admission: Admission.WAITING });
  const lines = verdictLines(fleetReply([upNode(1), upNode(2), waiting])).map(({ text }) => text);
  expect(lines.filter((line) => line.includes("127.0.0.1:7004"))).toHaveLength(1);
});
