// The stream of writes over real mutual TLS, against a replica whose Raft group answers as the test says. A write is
// told the same as by Submit. No client makes the replica read more than it can answer.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../src/client/cert/certs.ts";
import { systemClock } from "../../src/core/base/clock.ts";
import { nodeLoop } from "../../src/core/base/event-loop.ts";
import { logIndex, nodeId, term } from "../../src/core/base/ids.ts";
import { silentLog } from "../../src/core/base/log.ts";
import { OUTSIDE_SESSIONS } from "../../src/core/base/outside-sessions.ts";
import { systemTimers } from "../../src/core/base/timers.ts";
import { ClientWork } from "../../src/core/coordinator/calls/client-work.ts";
import type { ServiceContext } from "../../src/core/coordinator/calls/context.ts";
import { FleetMachine } from "../../src/core/coordinator/group/fleet-machine.ts";
import type { Refusal, WriteResult } from "../../src/core/coordinator/group/pending.ts";
import { PlanRunners } from "../../src/core/coordinator/reports/plan-runners.ts";
import { coordinatorService } from "../../src/core/coordinator/services/coordinator-service.ts";
import { DataPlaneCount } from "../../src/core/coordinator/services/data-plane.ts";
import { coordinatorRules } from "../../src/core/coordinator/services/rules.ts";
import {
  coordinatorDefinition,
  type ServedCoordinator,
} from "../../src/core/coordinator/services/served-coordinator.ts";
import { serverOptions } from "../../src/core/wire/channel-options.ts";
import { Command, type Operation, type Outcome } from "../../src/core/wire/gen/fleet/v1/command.ts";
import {
  SubmitRequest,
  SubmitResponse,
  type WriteAnswers,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { connectWriting, type WritingClient } from "../../src/core/wire/leader/coordinator-client.ts";
import { fromStatus, readRpcError } from "../../src/core/wire/rpc-error.ts";
import { InternalErrors } from "../../src/core/wire/server/internal-errors.ts";
import { RpcServer } from "../../src/core/wire/server/rpc-server.ts";
import { loadTls, type TlsMaterial } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { STREAM_WRITES_MAX } from "../../src/core/wire/write-limits.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { turns } from "../turns.ts";

const DEADLINE_MS = 60_000;
const replicas = [1, 2].map((id) => ({ id: nodeId(id), name: `n${id}`, address: `127.0.0.1:${id}` }));

let home: string;
let server: RpcServer;
let admin: WritingClient;
let readonly: WritingClient;

/** What the replica's Raft group does with a write; what it was asked to do. */
let propose: (command: Command, index: number) => WriteResult<Outcome> | Promise<WriteResult<Outcome>>;
let proposed: Command[];
let isDiskFull: boolean;

beforeAll(async () => {
  home = await makeFolder();
  const tls = await certificates();
  const context = contextOf(tls("n1"));
  server = new RpcServer({
    tls: tls("n1"),
    errors: context.internalErrors,
    log: silentLog,
    options: serverOptions,
  });
  server.addService<ServedCoordinator>(
    coordinatorDefinition,
    coordinatorService(context, systemTimers, new DataPlaneCount(context)),
    coordinatorRules,
  );
  const address = await server.listen("127.0.0.1:0");
  admin = connectWriting(tls("admin"), address);
  readonly = connectWriting(tls("readonly"), address);
});
afterAll(async () => {
  admin.close();
  readonly.close();
  await server.close();
  await removeFolder(home);
});
beforeEach(() => {
  propose = (_, index) => accepted(index);
  proposed = [];
  isDiskFull = false;
});

const probe: Operation = { kind: { $case: "recordProbe", value: { drillId: "d", number: 1 } } };
const reserved: Operation = { kind: { $case: "removeMember", value: { nodeId: 1 } } };

test("a write is answered on the stream as by Submit", async () => {
  expect(await streamed(admin, { operation: probe })).toEqual({
    ...{ index: 1, term: 3, applied: { changed: true, version: 1, summary: "", metadata: {} } },
    incarnation: "c",
  });
  expect(await called(admin, { operation: probe })).toMatchObject({ index: 2, term: 3 });
  const [first, second] = proposed;
  expect({ ...first, atMs: 0 }).toEqual({ ...second, atMs: 0 });
});

const refusals: readonly Refusal[] = [
  "not-leader",
  "no-leader",
  "leadership-lost",
  "transferring",
  "overloaded",
  "no-quorum",
];

test.each(refusals.map((refusal) => ({ refusal })))("the group says $refusal", async ({ refusal }) => {
  propose = () => ({ ok: false, refusal });
  await expectSameRefusal({ operation: probe });
});

test.each([
  { request: { operation: undefined }, reason: "OPERATION_MISSING" },
  { request: { operation: reserved }, reason: "OPERATION_RESERVED" },
  { request: { operation: probe, reason: "r".repeat(2_000) }, reason: "REASON_TOO_LONG" },
])("an invalid write: $reason", async ({ request, reason }) => {
  expect(await expectSameRefusal(request)).toMatchObject({ code: status.INVALID_ARGUMENT, reason });
  expect(proposed).toEqual([]);
});

test("a write that the state machine rejects", async () => {
  const rejected = {
    reason: "CLUSTER_ALREADY_BOUND",
    message: "c1 is bound",
    metadata: { owner: "s1" },
  };
  propose = (_, index) => ({
    ...accepted(index),
    result: { index, result: { $case: "rejected", value: { ...rejected, rows: [] } } },
  });
  expect(await expectSameRefusal({ operation: probe })).toMatchObject({
    code: status.FAILED_PRECONDITION,
    ...rejected,
  });
});

test("a full disk, with the delay after which to try again", async () => {
  isDiskFull = true;
  expect(await expectSameRefusal({ operation: probe })).toMatchObject({
    reason: "DISK_FULL",
    retryDelayMs: expect.any(Number),
  });
});

test("a bug of ours", async () => {
  propose = () => {
    throw new Error("a bug");
  };
  // Two bugs: each way notes its own, under an id of its own.
  const told = {
    code: status.INTERNAL,
    reason: "INTERNAL",
    metadata: { id: expect.stringMatching(/^[0-9a-f]{8}$/) },
  };
  expect(await called(admin, { operation: probe })).toMatchObject(told);
  expect(await streamed(admin, { operation: probe })).toMatchObject(told);
});

test("a readonly certificate writes nothing, by either way", async () => {
  const answers = await Promise.all([
    called(readonly, { operation: probe }),
    streamed(readonly, { operation: probe }),
  ]);
  const denied = { code: status.PERMISSION_DENIED, reason: "PERMISSION_DENIED" };
  expect(answers).toMatchObject(Array(2).fill({ ...denied, metadata: { who: "fleet://readonly" } }));
  expect(proposed).toEqual([]);
});

test("writes of one client reach the log in the order it made them, and each is told its own outcome", async () => {
  const numbers = Array.from({ length: 500 }, (_, at) => at + 1);
  // Settled in another order than they came.
  propose = async (_, index) => {
    for (let turn = 0; turn < (index * 7) % 5; turn += 1) await sleep(0);
    return accepted(index);
  };
  const answers = await Promise.all(
    numbers.map((sequence) => streamed(admin, { operation: probe, sequence })),
  );
  expect(proposed.map(({ sequence }) => sequence)).toEqual(numbers);
  expect(answers.map((answer) => "index" in answer && answer.index)).toEqual(numbers);
});

test("a request that cannot be read is refused alone", async () => {
  // Numbers beyond 2^53 have no place in JavaScript, so decoding refuses them.
  const field = Uint8Array.of(0x10, ...Array(9).fill(0xff), 0x01);
  const good = SubmitRequest.encode(requestOf({ operation: probe })).finish();
  const byTag = await answersTo(field, good);
  expect(byTag.get(1)).toMatchObject({ $case: "refusal", value: { code: status.INVALID_ARGUMENT } });
  expect(byTag.get(2)).toMatchObject({ $case: "response", value: { index: 1 } });
});

test("an operation that this build does not know is refused by either way: as an entry it would stop replicas", async () => {
  // Field 999 of `operation`, beside the reason.
  const request = Uint8Array.of((4 << 3) | 2, 1, 120, (5 << 3) | 2, 3, 0xba, 0x3e, 0);
  expect(SubmitRequest.decode(request)).toMatchObject({ operation: { kind: undefined } });
  const missing = { code: status.INVALID_ARGUMENT, reason: "OPERATION_MISSING" };
  const byCall = new Promise((resolve) => {
    const path = "/fleet.v1.Coordinator/Submit";
    admin.rpc.makeUnaryRequest(path, Buffer.from, SubmitResponse.decode, request, resolve);
  });
  expect(readRpcError(await byCall)).toMatchObject(missing);
  const outcome = (await answersTo(request)).get(1);
  if (outcome?.$case !== "refusal") throw new Error("the write was accepted");
  expect(readRpcError(fromStatus(outcome.value))).toMatchObject(missing);
  expect(proposed).toEqual([]);
});

test("a client that does not read its answers is not read, and gets every answer once it reads", async () => {
  const writes = 4 * STREAM_WRITES_MAX;
  // Long answers, so that few of them fill what lies between.
  const rejected = { reason: "LONG", message: "m".repeat(16 * 1024), metadata: {}, rows: [] };
  propose = (_, index) => ({
    ...accepted(index),
    result: { index, result: { $case: "rejected", value: rejected } },
  });
  const call = admin.rpc.write();
  const request = SubmitRequest.encode(requestOf({ operation: probe, reason: "r".repeat(1_000) })).finish();
  const reasons = new Map<number, string | null>();
  const ended = new Promise<void>((resolve, reject) => {
    // It reads one message and then no more: until a client first reads, grpc-js takes in whatever comes.
    call.once("data", () => call.pause());
    call.on("data", ({ answers }: WriteAnswers) => {
      for (const { tag, outcome } of answers) {
        reasons.set(
          tag,
          outcome?.$case === "refusal" ? readRpcError(fromStatus(outcome.value)).reason : null,
        );
      }
    });
    call.on("end", () => resolve());
    call.on("error", reject);
  });
  for (let tag = 1; tag <= writes; tag += 1) call.write({ items: [{ tag, timeoutMs: 0, request }] });
  call.end();
  await untilStill(() => proposed.length);
  expect(proposed.length).toBeGreaterThan(0);
  expect(proposed.length).toBeLessThan(STREAM_WRITES_MAX);

  call.resume();
  await ended;
  expect(reasons.size).toBe(writes);
  expect(new Set(reasons.values())).toEqual(new Set(["LONG"]));
});

/** Each request's outcome on one stream, by its place from 1 on. */
async function answersTo(...requests: Uint8Array[]) {
  const call = admin.rpc.write();
  const answered = new Promise<WriteAnswers[]>((resolve, reject) => {
    const messages: WriteAnswers[] = [];
    call.on("data", (message: WriteAnswers) => messages.push(message));
    call.on("end", () => resolve(messages));
    call.on("error", reject);
  });
  call.write({ items: requests.map((request, at) => ({ tag: at + 1, timeoutMs: 0, request })) });
  call.end();
  const answers = (await answered).flatMap((message) => message.answers);
  return new Map(answers.map(({ tag, outcome }) => [tag, outcome]));
}

/** Until a number has not changed for a while; a machine that stalls makes it small, never large. */
async function untilStill(read: () => number): Promise<void> {
  let [last, looks] = [-1, 0];
  const turn = turns("a number that does not change", 4_000);
  while (looks < 10 || last === 0) {
    turn();
    await sleep(30);
    looks = read() === last ? looks + 1 : 0;
    last = read();
  }
}

type Write = Pick<SubmitRequest, "operation"> & Partial<SubmitRequest>;

function requestOf(write: Write): SubmitRequest {
  return { ...OUTSIDE_SESSIONS, reason: "", dryRun: false, ...write };
}

const limits = () => ({ endMs: performance.now() + DEADLINE_MS });

function called({ rpc }: WritingClient, write: Write) {
  return unary(rpc.submit.bind(rpc), requestOf(write), limits()).catch(readRpcError);
}

function streamed({ writes }: WritingClient, write: Write) {
  return writes.submit(requestOf(write), limits()).catch(readRpcError);
}

/** Both ways say the same of a write that cannot be done: every word, number and delay. */
async function expectSameRefusal(write: Write) {
  const [byCall, byStream] = [await called(admin, write), await streamed(admin, write)];
  expect(byStream).toEqual(byCall);
  expect(byStream).toMatchObject({ reason: expect.any(String) });
  return byStream;
}

function accepted(index: number) {
  const result: Outcome = {
    index,
    result: { $case: "applied", value: { changed: true, version: index, summary: "", metadata: {} } },
  };
  return { ok: true, index: logIndex(index), term: term(3), result } as const;
}

/** All that writing asks of a replica. */
function contextOf(tls: TlsMaterial): ServiceContext {
  const self = nodeId(1);
  const driver = {
    leader: self,
    role: "leader",
    status: () => ({ role: "leader", leader: nodeId(2), term: term(3) }),
    retryDelayMs: () => 100,
    propose: async (data: Uint8Array) => {
      const command = Command.decode(data);
      proposed.push(command);
      return propose(command, proposed.length);
    },
  };
  const disk = {
    get isFull() {
      return isDiskFull;
    },
  };
  const machine = new FleetMachine();
  const internalErrors = new InternalErrors("coordinator n1", silentLog);
  return {
    ...{
      self,
      driver,
      machine,
      disk,
      replicas,
      tls,
      clock: systemClock,
      internalErrors,
      work: new ClientWork(nodeLoop),
      countRequest: () => null,
      planRunners: new PlanRunners(),
      clusterId: "c",
      trust: { now: { kind: "trusted" } },
    },
  } as unknown as ServiceContext;
}

async function certificates(): Promise<(holder: string) => TlsMaterial> {
  const authority = await createAuthority("test");
  const at = (file: string) => join(home, file);
  await writeFile(at("ca.crt"), authority.certificate);
  const uris = { n1: "fleet://replica/1", admin: "fleet://admin", readonly: "fleet://readonly" };
  for (const [holder, uri] of Object.entries(uris)) {
    const wanted = { commonName: holder, uri, ipAddresses: ["127.0.0.1"], days: 30 };
    const { certificate, key } = await issueCertificate(authority, wanted);
    await writeFile(at(`${holder}.crt`), certificate);
    await writeFile(at(`${holder}.key`), key);
  }
  return (holder) => loadTls({ ca: at("ca.crt"), cert: at(`${holder}.crt`), key: at(`${holder}.key`) });
}
