// Callers that are no agents against a shard's real port. One identity has few connections and calls there, over all
// of its connections, and an administrator is answered meanwhile. 128 connections with empty calls took 339 MB (issue
// 11).

import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { limitsAtShard } from "../../src/core/shard/caller-limits.ts";
import { ShardService } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { DataPlane } from "../integration/data-plane-fixture.ts";

const { path } = ShardService.getShardStatus;

let plane: DataPlane;
let address: string;
let sessions: ClientHttp2Session[];
beforeEach(async () => {
  sessions = [];
  plane = await DataPlane.create();
  ({ address } = await plane.shard("s1"));
});
afterEach(async () => {
  for (const session of sessions) session.destroy();
  await plane.close();
});

async function open(holder: string): Promise<ClientHttp2Session> {
  const { ca, cert, key } = loadTls(plane.files(holder));
  const session = connect(`https://${address}`, { ca, cert, key, checkServerIdentity: () => undefined });
  sessions.push(session);
  session.on("error", () => undefined);
  // The server's first frame: TLS 1.3 lets a caller believe that it is in before it is.
  await new Promise((resolve) => session.once("remoteSettings", resolve).once("close", resolve));
  return session;
}

const head = { ":method": "POST", te: "trailers", "content-type": "application/grpc+proto", ":path": path };

/** A call whose request never ends. */
function begin(session: ClientHttp2Session): ClientHttp2Stream {
  const stream = session.request(head);
  stream.on("error", () => undefined);
  stream.resume();
  return stream;
}

const MANY = 40;
const holders = ["readonly", "operator/o1", "shard/s2", "replica/1", "client/c1", "cluster/c1"] as const;

test.each(holders)(
  "%s on 40 connections keeps few, its calls are few, and an administrator is answered",
  async (holder) => {
    await plane.issue("hostile", `fleet://${holder}`);
    const [kind] = holder.split("/") as [Parameters<typeof limitsAtShard>[0]];
    const limits = limitsAtShard(kind);
    const all = await Promise.all(Array.from({ length: MANY }, () => open("hostile")));
    const kept = () => all.filter(({ closed, destroyed }) => !closed && !destroyed);
    await expect.poll(() => kept().length).toBe(limits?.connections);
    const refused: string[] = [];
    // An agent may not call it. The connections of one that does so again and again end (refused-callers.test.ts).
    const calls = kind === "cluster" ? 16 : 32;
    for (const session of kept())
      for (let count = 0; count < calls; count += 1)
        begin(session).on("response", (told) => refused.push(String(told["grpc-status"])));
    for (let asked = 0; asked < 20; asked += 1) await plane.status(address);
    const isReader = kind === "readonly" || kind === "operator";
    const begun = isReader ? (limits?.callsAtOnce ?? 0) : 0;
    await expect.poll(() => refused.length, { timeout: 10_000 }).toBe(kept().length * calls - begun);
    expect(kept()).toHaveLength(limits?.connections ?? 0);
  },
);
