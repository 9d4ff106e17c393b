// A fleet with an encryption key whose log lies in etcd. The log is plain there, and the fleet says so wherever an operator
// looks. Where no etcd is installed the test shows as skipped.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { RangeRequest } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { call, EtcdClients } from "./etcd-clients.ts";
import { bindCluster } from "./fleet-writes.ts";
import { TestFleet } from "./local-fleet.ts";
import { lacksEtcd, RealEtcd } from "./real-etcd.ts";

const NAME = "a-cluster-whose-name-is-a-secret";

/** All values of an etcd, as text. */
async function keptIn(address: string): Promise<string> {
  const clients = new EtcdClients(address);
  try {
    const all = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) };
    const { kvs } = await call(clients.kv.range.bind(clients.kv), RangeRequest.fromPartial(all));
    return kvs.map(({ value }) => Buffer.from(value).toString("latin1")).join("\n");
  } finally {
    clients.close();
  }
}

describe.skipIf(lacksEtcd())("on etcd", () => {
  test("a key does not reach etcd, and init, the log and doctor say so", async () => {
    const etcd = await RealEtcd.start();
    onTestFinished(() => etcd.dispose());
    const fleet = await TestFleet.empty();
    onTestFinished(() => fleet.dispose());
    const key = join(fleet.home, "encryption.key");
    expect(await fleet.run("key", "generate", "--out", key)).toMatchObject({ exit: 0 });
    const engine = ["--engine", "etcd", "--etcd", etcd.address, "--nodes", "1", "--shards", "1"];
    const made = await fleet.run("init", ...engine, "--encryption-key-file", key);
    expect(made).toMatchObject({ exit: 0, stderr: expect.stringContaining("etcd holds both unencrypted") });
    expect(await readFile(join(fleet.directory, "n1", "log"), "utf8")).toContain(
      "etcd holds both unencrypted",
    );
    await (await fleet.client()).submit(bindCluster(NAME, "s1"), { reason: "a secret" });
    expect(await keptIn(etcd.address)).toContain(NAME);
    const { findings } = JSON.parse((await fleet.run("doctor", "-o", "json")).stdout);
    expect(findings).toContainEqual(
      expect.objectContaining({ check: "encryption.etcd-plain", severity: "warning" }),
    );
  });
});
