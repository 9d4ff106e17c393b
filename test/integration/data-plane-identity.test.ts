// Who is let in at a shard, and whom an agent dials: certificates over real mutual TLS, in time and past it.

import { ChannelCredentials, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import { ShardClient } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { DataPlane, eventually, RecordedLog } from "./data-plane-fixture.ts";

let plane: DataPlane;

beforeEach(async () => {
  plane = await DataPlane.create();
});
afterEach(() => plane.close());

test("a certificate opens its own cluster's session and no other, and reads no status", async () => {
  const shard = await plane.shard("s1");
  await plane.issue("c1", "fleet://cluster/c1");
  await plane.issue("reader", "fleet://readonly");
  expect(await plane.session(shard.address, "c1", "c1").outcome).toBe("accepted");
  for (const certificate of ["c1", "reader"]) {
    const { outcome } = plane.session(shard.address, "c2", certificate);
    expect(readRpcError(await outcome)).toMatchObject({
      code: status.PERMISSION_DENIED,
      reason: "NOT_THIS_CLUSTER",
    });
  }
  const client = plane.client(shard.address, "c1");
  const refused = new Promise((resolve) => client.getShardStatus({}, resolve));
  expect(readRpcError(await refused)).toMatchObject({ code: status.PERMISSION_DENIED });
  expect((await plane.status(shard.address)).bindings).toMatchObject([{ clusterId: "c1" }]);
});

test("a client without a certificate does not get past the handshake", async () => {
  const shard = await plane.shard("s1");
  const { ca } = loadTls(plane.files("admin"));
  const verify = { checkServerIdentity: () => undefined };
  const credentials = ChannelCredentials.createSsl(ca, null, null, verify);
  const client = new ShardClient(shard.address, credentials, channelOptions);
  plane.onClose(() => client.close());
  const refused = new Promise((resolve) => client.getShardStatus({}, resolve));
  expect(readRpcError(await refused)).toMatchObject({ code: status.UNAVAILABLE, reason: null });
});

test("a certificate that has ended costs neither shard nor agent the one that they have", async () => {
  const [shard, log] = [await plane.shard("s1"), new RecordedLog()];
  const agent = await plane.agent("c1", shard.address, {}, [], log);
  await eventually(() => agent.state).toBe("connected");
  await plane.issue("shard-s1", "fleet://shard/s1", -0.01);
  await plane.issue("c1", "fleet://cluster/c1", -0.01);
  const refused = { error: expect.stringContaining("ended at"), next: expect.stringContaining("renew it") };
  const fact = "the new certificate files cannot be used; the old ones stay in use";
  await eventually(() => shard.log.errors).toMatchObject([{ fact, fields: refused }]);
  // Every dial looks at the files.
  agent.follow({ shardAddr: "127.0.0.1:1", demand: [] });
  await eventually(() => agent.state).toBe("waiting");
  await eventually(() => log.errors).toMatchObject([{ fact, fields: refused }]);
  agent.follow({ shardAddr: shard.address, demand: [] });
  await eventually(() => agent.state).toBe("connected");
});

test("an agent that starts with a certificate that has ended says so, and takes the renewed one", async () => {
  const [shard, log] = [await plane.shard("s1"), new RecordedLog()];
  const tls = await plane.issue("c1", "fleet://cluster/c1", -0.01);
  const agent = plane.agentWith("c1", shard.address, tls, log);
  await eventually(() => agent.state).toBe("waiting");
  expect(log.errors).toMatchObject([
    {
      fact: "the certificate in use is not valid: others refuse this process",
      fields: {
        error: expect.stringContaining("c1.crt ended at"),
        next: expect.stringContaining("renew it"),
      },
    },
  ]);
  await plane.issue("c1", "fleet://cluster/c1");
  await eventually(() => agent.state).toBe("connected");
});

test("an agent gives no session to a server whose certificate is not a shard's", async () => {
  const impostor = await plane.silentServer("c9", "fleet://cluster/c9");
  const agent = await plane.agent("c1", impostor.address);
  await eventually(() => agent.state).toBe("waiting");
  expect(impostor.sessions()).toBe(0);
});
