import { expect, test } from "vitest";
import { lostQuorum } from "../../../src/client/wait-ready.ts";
import { Admission } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { downNode, fleetReply, upNode } from "../ui/model/fixtures.ts";

const waits = (id: number) => upNode(id, { admission: Admission.WAITING, leaderId: 0, members: [] });
const alone = (id: number) => upNode(id, { leaderId: 0 });

test.each([
  {
    nodes: [alone(1), alone(2), waits(3)],
    isLost: false,
    why: "two of three can elect one, who lets the third in",
  },
  { nodes: [alone(1), waits(2), waits(3)], isLost: true, why: "one of three can't" },
  { nodes: [waits(1), waits(2), waits(3)], isLost: true, why: "all have lost their disks" },
  { nodes: [alone(1), downNode(2), waits(3)], isLost: false, why: "who is down may still come" },
  { nodes: [downNode(1), downNode(2), downNode(3)], isLost: false, why: "nobody has come up yet" },
  {
    nodes: [alone(1), alone(2), alone(3), waits(4), waits(5)],
    isLost: false,
    why: "two that were never voters",
  },
])("$isLost: $why", ({ nodes, isLost }) => {
  const lost = lostQuorum(fleetReply(nodes, { leader: null, verdict: "no-quorum" }));
  expect(lost !== null).toBe(isLost);
});

test("says who waits and what is left", () => {
  const lost = lostQuorum(fleetReply([alone(1), waits(2), waits(3)]));
  expect(lost).toMatchObject({
    code: "QUORUM_LOST",
    message:
      "n2, n3 have no data and wait for a leader to admit them, and without them no leader can be elected",
    parts: { why: "a leader needs 2 of 3 voters, and only n1 can have data", exit: 5 },
  });
});

test.each([
  {
    nodes: [alone(1), waits(2), waits(3)],
    names: "fleet recover --force-new-cluster",
    why: "one disk is left",
  },
  { nodes: [waits(1), waits(2), waits(3)], names: "fleet snapshot restore", why: "no disk is left" },
])("advises $names when $why", ({ nodes, names }) => {
  expect(lostQuorum(fleetReply(nodes))?.parts.next).toContain(names);
});
