// The store of a fleet whose nodes are distant or busy: they have the command's whole time, if none answers soon.

import { expect, test, vi } from "vitest";
import { findStore } from "../../../../src/client/etcd/find-store.ts";
import { failureOf } from "../local/fakes.ts";

const status = vi.fn();
vi.mock("../../../../src/client/fleet-client.ts", () => ({
  FleetClient: { connect: () => ({ status, close: () => undefined }) },
}));
vi.mock("../../../../src/client/context/resolve-target.ts", () => ({
  resolveTarget: async () => ({
    name: "prod",
    endpoints: [{ address: "p1:7001" }],
    tls: "insecure-loopback",
  }),
}));

const SILENT = { nodes: [{ status: null, error: "no answer within 0.9 s" }] };
const ANSWERED = { nodes: [{ status: { etcdAddress: "p1:2379" }, error: null }] };
const find = () => findStore({ cwd: "/", env: {} }, undefined, 5_000);

test("nodes that do not answer soon have the time that the command has", async () => {
  status.mockResolvedValueOnce(SILENT).mockResolvedValueOnce(ANSWERED);
  expect(await find()).toMatchObject({ endpoints: [{ address: "p1:2379" }] });
  expect(status.mock.calls).toEqual([[], [{ perNodeTimeoutMs: 5_000 }]]);
});

test("nodes that do not answer then either are told with their cause", async () => {
  status.mockResolvedValue(SILENT);
  expect(await failureOf(find())).toMatchObject({ code: "UNAVAILABLE" });
});
