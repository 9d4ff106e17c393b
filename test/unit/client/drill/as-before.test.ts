// When a drill says that the fleet is whole again, also on a fleet that was not healthy before.

import { expect, test } from "vitest";
import { isAsBefore } from "../../../../src/client/drill/as-before.ts";
import { Admission } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { downNode, fleetReply, upNode } from "../../ui/model/fixtures.ts";

const up = [upNode(1), upNode(2), upNode(3)];
const degraded = { verdict: "degraded" } as const;
const healthy = fleetReply(up);
/** Only by what shards report. */
const drifted = fleetReply(up, degraded);
const refused = upNode(3, { certificateRefusal: "n3.crt ended at noon" });

test.each([
  { before: healthy, now: healthy, is: true, why: "a healthy fleet is healthy again" },
  { before: healthy, now: drifted, is: false, why: "a healthy fleet has drift now" },
  { before: drifted, now: drifted, is: true, why: "the drift was there before" },
  { before: drifted, now: healthy, is: true, why: "the drift has gone" },
  {
    before: drifted,
    now: fleetReply([upNode(1), upNode(2), downNode(3)]),
    is: false,
    why: "a node is down",
  },
  {
    before: drifted,
    now: fleetReply([upNode(1), upNode(2), upNode(3, { admission: Admission.REJOINING })], degraded),
    is: false,
    why: "a node does not vote yet",
  },
  {
    before: drifted,
    now: fleetReply(up, { ...degraded, tolerance: { voters: 3, following: 2, canLose: 0 } }),
    is: false,
    why: "a voter does not follow yet",
  },
  {
    before: drifted,
    now: fleetReply(up, { ...degraded, hashesAgree: false }),
    is: false,
    why: "a hash differs",
  },
  {
    before: drifted,
    now: fleetReply(up, { ...degraded, agreed: false }),
    is: false,
    why: "two name two leaders",
  },
  {
    before: drifted,
    now: fleetReply(up, { ...degraded, leader: null }),
    is: false,
    why: "there is no leader",
  },
  {
    before: fleetReply([upNode(1), upNode(2), refused], degraded),
    now: fleetReply([upNode(1), upNode(2), refused], degraded),
    is: true,
    why: "the node was refused before",
  },
  {
    before: drifted,
    now: fleetReply([upNode(1), upNode(2), refused], degraded),
    is: false,
    why: "the node was sound before",
  },
])("$is: $why", ({ before, now, is }) => {
  expect(isAsBefore(before, now)).toBe(is);
});
