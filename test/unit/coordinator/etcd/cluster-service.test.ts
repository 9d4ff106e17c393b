import { expect, test } from "vitest";
import { clusterService } from "../../../../src/core/coordinator/etcd/cluster-service.ts";
import type { EtcdContext } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import type { KeyStore } from "../../../../src/core/coordinator/etcd/kv-service.ts";
import { ADMIN, callOf } from "./key-store.ts";

const context = { fleet: { replicas: [{ id: 1 }, { id: 2 }] } } as unknown as EtcdContext;
const service = clusterService(context, {} as KeyStore);

test.each([
  { method: service.memberRemove, command: "fleet member remove" },
  { method: service.memberPromote, command: "fleet member promote" },
  {
    method: (call: ReturnType<typeof callOf<{ ID: string }>>) =>
      service.memberUpdate({ ...call, request: { ...call.request, peerURLs: [] } }),
    command: "fleet member replace",
  },
])("a change of a member names $command, and an unknown member is not found", async ({ method, command }) => {
  await expect(method(callOf(ADMIN, { ID: "2" }))).rejects.toThrow(command);
  await expect(method(callOf(ADMIN, { ID: "77" }))).rejects.toBe(ETCD_ERRORS.memberNotFound);
});
