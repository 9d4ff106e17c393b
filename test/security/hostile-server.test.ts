// A hostile coordinator attacks an operator's terminal (issue 11, terminal injection). Every read command, in every
// format, gets texts that would move the cursor, hide their neighbours or forge a line.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Client,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { nodeId } from "../../src/core/base/ids.ts";
import { silentLog } from "../../src/core/base/log.ts";
import { type RunningCoordinator, startCoordinator } from "../../src/core/coordinator/coordinator.ts";
import type { Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";
import {
  type CoordinatorClient,
  CoordinatorService,
  ReportShardRequest,
  SubmitRequest,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { connectCoordinator } from "../../src/core/wire/leader/coordinator-client.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { type Ran, runProgram } from "../integration/local-fleet.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { plainSettings } from "../plain-settings.ts";
import { turns } from "../turns.ts";
import { UNSAFE } from "../unit/base/hostile-text.ts";

const EVIL = "evil\n● everything is fine\u001b[2J\u001b]0;owned\u0007\u009b2J\u202e\u200b\u2028";
/** What a client compares before it shows anything. */
const KEPT = new Set([
  "nextPageToken",
  "clusterId",
  "clusterName",
  "nodeName",
  "leaderName",
  "leaderAddress",
  "address",
  "id",
]);

let home: string;
let coordinator: RunningCoordinator;
let client: CoordinatorClient;
let proxy: Server;
let endpoint: string;
let keeps = KEPT;

beforeAll(async () => {
  home = await makeFolder();
  coordinator = await startCoordinator({
    ...plainSettings,
    ...{
      self: nodeId(1),
      clusterId: "c",
      clusterName: "f",
      listen: "127.0.0.1:0",
      bootstrap: true,
      groups: 0,
    },
    replicas: [{ id: nodeId(1), name: "n1", address: "127.0.0.1:1" }],
    ...{
      dataDirectory: join(home, "n1"),
      tls: "insecure-loopback",
      version: "test",
      log: silentLog,
    },
    ...{ liveness: { suspectAfterMs: 60_000, deadAfterMs: 120_000 } },
    onFatal: () => undefined,
  });
  client = connectCoordinator("insecure-loopback", coordinator.address);
  await fill();
  proxy = new Server();
  proxy.addService(CoordinatorService, hostileService(client));
  endpoint = await new Promise<string>((resolve, reject) =>
    proxy.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(`127.0.0.1:${port}`) : reject(error),
    ),
  );
});
afterAll(async () => {
  proxy.forceShutdown();
  client.close();
  await coordinator.close();
  await removeFolder(home);
});

const READS = [
  ...[
    "status",
    "shard list",
    "shard show s1",
    "cluster list",
    "domain list",
    "audit list",
    "quota list",
    "provider list",
  ],
  ...[
    "session list",
    "gate list",
    "instruction list",
    "shortfall list",
    "member list",
    "leader show",
    "rebalance plan --partial",
  ],
];
const FORMATS = ["table", "name", "json", "jsonl", "yaml"] as const;

test.each(READS.flatMap((read) => FORMATS.map((format) => ({ read, format }))))(
  "$read -o $format",
  async ({ read, format }) => {
    keeps = KEPT;
    const ran = await fleet(...read.split(" "), "-o", format);
    expectSafe(ran);
    if (format === "json") expect(() => JSON.parse(ran.stdout)).not.toThrow();
    if (format === "yaml") expect(() => parse(ran.stdout)).not.toThrow();
  },
);

test.each(READS)("%s, of a server that lies about itself too", async (read) => {
  keeps = new Set(["nextPageToken"]);
  expectSafe(await fleet(...read.split(" ")));
});

test("an archive, and what is shown of it", async () => {
  keeps = KEPT;
  const path = join(home, "archive.json");
  expectSafe(await fleet("cluster", "list", "--archive", path));
  expect(await readFile(path, "utf8")).not.toMatch(UNSAFE);
  expectSafe(await run("cluster", "list", "--from", path));
});

test("a change, and what remains of it", async () => {
  keeps = KEPT;
  expectSafe(await fleet("shard", "drain", "s1", "--reason", "test"));
});

function expectSafe({ stdout, stderr }: Ran): void {
  const shown = `${stdout}\n${stderr}`;
  expect(shown).not.toMatch(UNSAFE);
  // What was written to begin a line of its own does not.
  expect(shown.split("\n").filter((line) => line.startsWith("● everything is fine"))).toEqual([]);
  expect(stderr).not.toContain("FLEET_E_BUG");
}

const fleet = (...words: string[]) => run(...words, "--endpoints", endpoint, "--insecure-loopback");

function run(...words: string[]): Promise<Ran> {
  const { PATH } = process.env;
  return runProgram(words, {
    cwd: home,
    env: { PATH, HOME: home, XDG_CONFIG_HOME: home, XDG_STATE_HOME: home },
  });
}

/** As grpc-js has a method, whatever its messages are. */
interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (message: unknown) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

/** Every unary method as the real coordinator answers it, but for its texts. */
function hostileService(real: Client): UntypedServiceImplementation {
  const methods = Object.entries(CoordinatorService as unknown as Record<string, Method>);
  const unaries = methods.filter(
    ([, { requestStream, responseStream }]) => !requestStream && !responseStream,
  );
  return Object.fromEntries(
    unaries.map(([name, { path, requestSerialize, responseDeserialize }]) => {
      const handle: handleUnaryCall<unknown, unknown> = ({ request }, answer) => {
        const deadline = { deadline: Date.now() + 30_000 };
        const done = (error: ServiceError | null, response?: unknown) =>
          error === null ? answer(null, hostile(response)) : answer({ ...error, details: EVIL });
        real.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          new Metadata(),
          deadline,
          done,
        );
      };
      return [name, handle];
    }),
  );
}

function hostile(value: unknown, key = ""): unknown {
  if (typeof value === "string") return keeps.has(key) ? value : EVIL;
  if (Array.isArray(value)) return value.map((each) => hostile(each, key));
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  const isMap = /^(requirements|deficit|metadata|free|listed)/.test(key);
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      isMap ? EVIL : name,
      name === "$case" ? field : hostile(field, name),
    ]),
  );
}

/** Rows of every kind. */
async function fill(): Promise<void> {
  const end = () => ({ endMs: performance.now() + 60_000 });
  const write = (kind: NonNullable<Operation["kind"]>) =>
    unary(client.submit.bind(client), SubmitRequest.fromPartial({ operation: { kind }, reason: "r" }), end());
  const report = (shardId: string, cycle: number) =>
    unary(
      client.reportShard.bind(client),
      ReportShardRequest.fromPartial({
        ...{
          shardId,
          address: `${shardId}:1`,
          epoch: 1,
          cycle,
          region: "eu",
          zone: "eu-1a",
          shortfallsLeftOut: 1,
        },
        bindings: [
          { clusterId: `c-${shardId}`, state: BindingState.BOUND, session: true },
          { clusterId: "c9", state: BindingState.BOUND, session: true },
        ],
        doubleDials: [{ clusterId: `c-${shardId}`, from: "h:1", count: 2 }],
        shortfalls: [
          {
            clusterId: `c-${shardId}`,
            requirements: { zone: "eu-1b" },
            deficit: { machines: 4 },
            ageCycles: 9,
          },
        ],
        summary: {
          machinesTotal: 9,
          machinesFree: 9,
          freeByZone: { "eu-1a": 9 },
          freeByInstanceType: { m: 9 },
          cycleMs: 1_000,
        },
      }),
      end(),
    );
  // Until it leads.
  const turn = turns("a report that the leader takes", 1_200);
  while (
    !(await report("s1", 1).then(
      () => true,
      () => false,
    ))
  ) {
    turn();
    await sleep(50);
  }
  await report("s2", 1);
  await write({ $case: "assignDomain", value: { key: "rack", value: "r1", shardId: "s1" } });
  await write({
    $case: "upsertProvider",
    value: { name: "p1", region: "eu", address: "p:1", declaredQuota: 5, keepRegion: false },
  });
  await write({
    $case: "setQuota",
    value: { provider: "p1", region: "eu", limit: 5, slices: [{ shardId: "s1", amount: 5 }] },
  });
}
