// A replica that speaks as another, by a certificate of its own, over real mutual TLS: refused, and logged once.

import { once } from "node:events";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { nodeId } from "../../src/core/base/ids.ts";
import { onlyVoters } from "../../src/core/base/only-voters.ts";
import { type RunningCoordinator, startCoordinator } from "../../src/core/coordinator/coordinator.ts";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import { RaftClient, RaftFrame, SnapshotChunk } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { connectCoordinator } from "../../src/core/wire/leader/coordinator-client.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls, type TlsChoice } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { plainSettings } from "../plain-settings.ts";
import { TestAuthority } from "./test-authority.ts";

const TERM = 1_000_000;
const DEADLINE_MS = 60_000;
const refused = { code: status.PERMISSION_DENIED, reason: "NOT_THIS_REPLICA" };

let authority: TestAuthority;
let coordinator: RunningCoordinator;
let client: RaftClient;
let warnings: (readonly [string, object | undefined])[];

beforeAll(async () => {
  authority = await TestAuthority.make();
  const holders = { n1: "fleet://replica/1", n2: "fleet://replica/2", admin: "fleet://admin" };
  for (const [holder, uri] of Object.entries(holders)) await authority.issue(holder, [uri]);
});
afterAll(() => authority.remove());
beforeEach(() => start("tls"));
afterEach(async () => {
  client.close();
  await coordinator.close();
});

let starts = 0;
let filesOf: (holder: string) => TlsChoice;

/** n1 of three; n2 is this test, and n3 never lived. */
function startFirst(tls: TlsChoice): Promise<RunningCoordinator> {
  const ignore = () => undefined;
  return startCoordinator({
    ...plainSettings,
    ...{ self: nodeId(1), clusterId: "c", clusterName: "test", version: "test", bootstrap: true, groups: 3 },
    replicas: [1, 2, 3].map((id) => ({ id: nodeId(id), name: `n${id}`, address: "127.0.0.1:1" })),
    ...{ listen: "127.0.0.1:0", dataDirectory: join(authority.folder, `n1-${starts}`), tls },
    log: { info: ignore, warn: (fact, fields) => warnings.push([fact, fields]), error: ignore },
    onFatal: (error) => {
      throw error;
    },
  });
}

async function start(mode: "tls" | "plaintext"): Promise<void> {
  filesOf = (holder) => (mode === "tls" ? authority.files(holder) : "insecure-loopback");
  starts += 1;
  warnings = [];
  coordinator = await startFirst(filesOf("n1"));
  const credentials = channelCredentials(loadTls(filesOf("n2")), coordinator.address);
  client = new RaftClient(coordinator.address, credentials, channelOptions);
}

/** The end of a stream on which these frames were sent. */
async function told(...frames: readonly Parameters<typeof RaftFrame.fromPartial>[0][]) {
  const stream = client.exchange({ deadline: Date.now() + DEADLINE_MS });
  const ended = once(stream, "error");
  await once(stream, "data");
  for (const frame of frames) stream.write(RaftFrame.fromPartial({ clusterId: "c", ...frame }));
  return { stream, failure: ended.then(([error]) => readRpcError(error)) };
}

const vote = (from: number) => ({ type: "MsgVote", from, to: 1, term: TERM, index: TERM, logTerm: TERM });

async function termNow(): Promise<number> {
  const admin = connectCoordinator(loadTls(filesOf("admin")), coordinator.address);
  const limits = { endMs: performance.now() + DEADLINE_MS };
  const { term } = await unary(admin.getStatus.bind(admin), { hashAtIndex: 0 }, limits);
  admin.close();
  return term;
}

test("a replica does not start with a certificate that is not its own", async () => {
  starts += 1;
  await expect(startFirst(filesOf("n2"))).rejects.toMatchObject({ code: "CERTIFICATE_OF_ANOTHER" });
});

test.each([
  { why: "with a frame", frame: { from: 3 } },
  { why: "with a message", frame: { from: 2, messages: [{ groupId: 0, message: vote(3) }] } },
  {
    why: "with one message among many groups'",
    frame: {
      from: 2,
      messages: [1, 2, 3].map((groupId) => ({ groupId, message: vote(groupId === 3 ? 3 : 2) })),
    },
  },
])("a stream on which n2 speaks as n3 $why is refused, and nothing of it is taken in", async ({ frame }) => {
  const { failure } = await told(frame, { from: 2, messages: [{ groupId: 0, message: vote(3) }] });
  expect(await failure).toMatchObject(refused);
  expect(await termNow()).toBeLessThan(TERM);
  expect(warnings).toEqual([
    ["a replica speaks as another, and its stream is refused", { speaker: 2, claimed: 3 }],
  ]);
});

test("a snapshot that n2 sends as n3 is refused", async () => {
  const failure = new Promise((resolve) => {
    const stream = client.installSnapshot({ deadline: Date.now() + DEADLINE_MS }, (error) =>
      resolve(readRpcError(error)),
    );
    const confState = onlyVoters([1, 2, 3]);
    const sha256 = Buffer.from("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "hex");
    const at = { index: TERM, term: TERM, messageTerm: TERM, bytes: 0, sha256, confState };
    const value = { clusterId: "c", groupId: 0, from: 3, to: 1, ...at };
    stream.end(SnapshotChunk.fromPartial({ part: { $case: "header", value } }));
  });
  expect(await failure).toMatchObject(refused);
  expect(await termNow()).toBeLessThan(TERM);
});

test("what n2 says as itself is taken in, and so is what it passes on of n3", async () => {
  const asked = { type: "MsgReadIndex", from: 3, to: 1 };
  const { stream, failure } = await told(
    { from: 2, messages: [{ groupId: 0, message: asked }] },
    { from: 2 },
  );
  stream.write(
    RaftFrame.fromPartial({ clusterId: "c", from: 2, messages: [{ groupId: 0, message: vote(2) }] }),
  );
  await expect.poll(() => termNow()).toBeGreaterThanOrEqual(TERM);
  expect(warnings).toEqual([]);
  stream.cancel();
  expect(await failure).toMatchObject({ code: status.CANCELLED });
});

test("in plaintext nobody can prove who he is, and everybody is believed", async () => {
  client.close();
  await coordinator.close();
  await start("plaintext");
  const { stream, failure } = await told({ from: 3, messages: [{ groupId: 0, message: vote(3) }] });
  await expect.poll(() => termNow()).toBeGreaterThanOrEqual(TERM);
  stream.cancel();
  expect(await failure).toMatchObject({ code: status.CANCELLED });
});
