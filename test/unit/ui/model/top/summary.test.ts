import { expect, test } from "vitest";
import { summarize } from "../../../../../src/ui/model/top/summary.ts";
import { fleetReply, upNode } from "../fixtures.ts";

test.each([
  { etcdEngine: undefined, quorum: 2, why: "two of three coordinators are a quorum" },
  {
    etcdEngine: { endpoints: ["e1:2379"], prefix: "/fleet/local", plainDespiteKey: false },
    quorum: null,
    why: "an etcd cluster has the log, and so the quorum",
  },
])("quorum $quorum: $why", ({ etcdEngine, quorum }) => {
  const nodes = [1, 2, 3].map((id) => upNode(id, { etcdEngine }));
  expect(summarize(fleetReply(nodes)).quorum).toBe(quorum);
});
