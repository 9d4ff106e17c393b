// What hostile holders of certificates do, a round at a time: each attack of issue 11 that can be repeated.

import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { connect as dial } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeId } from "../../src/core/base/ids.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import { senderMetadata } from "../../src/core/transport/sender.ts";
import { InstructionOutcome } from "../../src/core/wire/gen/fleet/v1/command.ts";
import { CoordinatorService, ReportShardRequest } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { RaftFrame, RaftService } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { SessionUp, ShardService } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { BindingState } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { framed } from "../../src/core/wire/server/message-frames.ts";
import { header } from "../../test/integration/raw-call.ts";
import { call, open, type World } from "./world.ts";

export type Actor = (world: World, round: number) => Promise<void>;

const ANSWER_LIMIT_MS = 5_000;
const EVIL_SHARD = "fleet://shard/evil";
const EVIL_CLUSTER = "fleet://cluster/evil";
const STRANGER = "fleet://replica/99";
const NAMELESS = "https://example.com/nobody";
const REPORT = CoordinatorService.reportShard.path;
const MEGABYTE = 1024 * 1024;

/** Sends and waits for the end of the stream, or a while. */
async function send(
  session: ClientHttp2Session,
  path: string,
  bytes: readonly Uint8Array[],
  { headers = {}, ends = true }: { headers?: Readonly<Record<string, string>>; ends?: boolean } = {},
): Promise<void> {
  const stream = session.request(call(path, headers));
  stream.on("error", () => undefined);
  for (const chunk of bytes) stream.write(chunk);
  if (ends) stream.end();
  stream.resume();
  const limit = new AbortController();
  await Promise.race([
    once(stream, "close"),
    sleep(ANSWER_LIMIT_MS, undefined, { signal: limit.signal }),
  ]).catch(() => undefined);
  limit.abort();
}

/** One call as `uri` at the coordinator whose turn it is. */
function asks(uri: string, path: string, bytes: (round: number) => readonly Uint8Array[], more = {}): Actor {
  return async (world, round) => {
    const address = world.coordinators[round % world.coordinators.length] ?? "";
    const session = open(world, address, uri);
    await send(session, path, bytes(round), more);
    session.destroy();
  };
}

const report = (fields: Parameters<typeof ReportShardRequest.fromPartial>[0]): Uint8Array =>
  framed(
    Buffer.from(
      ReportShardRequest.encode(
        ReportShardRequest.fromPartial({ shardId: "evil", address: "evil:1", epoch: 1, cycle: 1, ...fields }),
      ).finish(),
    ),
  );
const squatted = (round: number) =>
  Array.from({ length: 30_000 }, (_, at) => ({
    ...{ clusterId: `squat-${round}-${at}`, state: BindingState.BOUND, session: true },
  }));
const verbose = {
  ...{
    key: "rack",
    value: "r",
    sequence: 1,
    outcome: InstructionOutcome.FAILED,
    detail: "x".repeat(3_000_000),
  },
};

const leap = (): Uint8Array => {
  const term = Number.MAX_SAFE_INTEGER;
  const message = { type: "MsgApp", from: 99, to: 1, term, index: term, logTerm: term, commit: term };
  const frame = RaftFrame.fromPartial({ clusterId: "", from: 99, messages: [{ groupId: 0, message }] });
  return framed(Buffer.from(RaftFrame.encode(frame).finish()));
};

/** Sessions of one agent with a roll-up of so many bytes, at the shard. */
const rollUp: Actor = async (world, round) => {
  const session = open(world, world.shard, EVIL_CLUSTER);
  const hello = { clusterId: "evil", protocolVersion: 1, instanceId: `i${round}` };
  const zone = round % 2 === 0 ? "x".repeat(30_000_000) : "x\nexecutor:\n  kind: command";
  const frames = [
    SessionUp.fromPartial({ frame: { $case: "hello", value: hello } }),
    SessionUp.fromPartial({
      frame: { $case: "demand", value: { number: 1, groups: [{ count: 1, requirements: { zone } }] } },
    }),
  ];
  const bytes = frames.map((frame) => framed(Buffer.from(SessionUp.encode(frame).finish())));
  await send(session, ShardService.session.path, bytes);
  session.destroy();
};

/** Sockets that say nothing, then what is no TLS. */
const silence: Actor = async (world, round) => {
  const ports = [...world.coordinators, world.shard];
  const sockets = Array.from({ length: 100 }, (_, at) => {
    const [host = "", port = ""] = (ports[at % ports.length] ?? "").split(":");
    return dial(Number(port), host).on("error", () => undefined);
  });
  await sleep(1_000);
  for (const socket of sockets) {
    if (round % 2 === 0) socket.write("GET / HTTP/1.1\r\n\r\n");
    socket.destroy();
  }
};

/** Streams that are reset as soon as they are open (CVE-2023-44487). */
const resets: Actor = async (world, round) => {
  const session = open(world, world.coordinators[round % world.coordinators.length] ?? "", EVIL_CLUSTER);
  for (let count = 0; count < 500 && !session.destroyed; count += 1) {
    const stream = session.request(call(CoordinatorService.getStatus.path));
    stream.on("error", () => undefined);
    stream.close();
    if (count % 50 === 0) await sleep(0);
  }
  session.destroy();
};

/** Many short questions at once. */
const questions: Actor = async (world, round) => {
  const session = open(world, world.coordinators[round % world.coordinators.length] ?? "", EVIL_SHARD);
  await Promise.all(
    Array.from({ length: 200 }, () => send(session, CoordinatorService.getStatus.path, [header(0)])),
  );
  session.destroy();
};

const asStranger = (world: World): Readonly<Record<string, string>> => {
  const peer = { id: nodeId(99), name: "n99", address: "127.0.0.1:1" };
  const told = senderMetadata({
    clusterId: world.clusterId,
    peer,
    knownVersion: KNOWN_VERSION,
  }).toHttp2Headers();
  return Object.fromEntries(Object.entries(told).map(([key, value]) => [key, String(value)]));
};

const strangerAtRaft: Actor = (world, round) =>
  asks(STRANGER, RaftService.exchange.path, () => [leap()], { headers: asStranger(world) })(world, round);

const emptyRows = Buffer.alloc(10_000_000, Buffer.of((5 << 3) | 2, 0));

export const ACTORS: Readonly<Record<string, Actor>> = {
  "a report of 30 000 first contacts": asks(EVIL_SHARD, REPORT, (round) => [
    report({ cycle: round + 1, bindings: squatted(round % 3) }),
  ]),
  "an answer of 3 MB, another epoch each time": asks(EVIL_SHARD, REPORT, (round) => [
    report({ epoch: round + 2, address: `evil:${round + 1}`, acks: [verbose] }),
  ]),
  "5 million empty rows": asks(EVIL_SHARD, REPORT, () => [header(emptyRows.length), emptyRows]),
  "the same by a cluster": asks(EVIL_CLUSTER, REPORT, () => [header(emptyRows.length), emptyRows]),
  "a compressed message": asks(EVIL_SHARD, REPORT, () => [header(9, 1), Buffer.alloc(9)]),
  "a message of 4 GB": asks(EVIL_SHARD, REPORT, () => [header(0xffffffff)], { ends: false }),
  "15 of 16 MB": asks(EVIL_SHARD, REPORT, () => [header(16 * MEGABYTE), Buffer.alloc(15 * MEGABYTE)], {
    ends: false,
  }),
  "a write by a shard": asks(EVIL_SHARD, CoordinatorService.submit.path, () => [Buffer.alloc(MEGABYTE)]),
  "no identity": asks(NAMELESS, CoordinatorService.getStatus.path, () => [header(0)]),
  "a term of 2^53−1 by a stranger": strangerAtRaft,
  "a snapshot by a stranger": asks(STRANGER, RaftService.installSnapshot.path, () => [
    header(4 * MEGABYTE),
    Buffer.alloc(4 * MEGABYTE),
  ]),
  "roll-ups of 30 MB and of commands": rollUp,
  "silent sockets": silence,
  "rapid resets": resets,
  "200 questions at once": questions,
};
