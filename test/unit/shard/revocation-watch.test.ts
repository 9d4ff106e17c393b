// How a shard hears of revocations: at once, from one coordinator after the other, and from no incarnation but its own.

import { Server, type ServerWritableStream, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { silentLog } from "../../../src/core/base/log.ts";
import { RevocationWatch } from "../../../src/core/shard/revocation-watch.ts";
import {
  CoordinatorService,
  type DenyListNews,
  type WatchRevocationsRequest,
} from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { DenyList } from "../../../src/core/wire/tls/deny-list.ts";
import { HeldDenials } from "../../../src/core/wire/tls/held-denials.ts";
import { bindServer } from "../../integration/grpc-server.ts";
import { makeFolder, removeFolder } from "../../make-folder.ts";
import { fakeTime } from "../fake-time.ts";

type Call = ServerWritableStream<WatchRevocationsRequest, DenyListNews>;

const A1 = { subject: "A1", issuedBeforeMs: 0 };
const B2 = { subject: "B2", issuedBeforeMs: 0 };

fakeTime("setTimeout", "clearTimeout");

let folder: string;
let denyList: DenyList;
let held: HeldDenials;
let obeyed: string | null;
let watch: RevocationWatch | null;
let servers: Server[];

beforeEach(async () => {
  folder = await makeFolder();
  denyList = new DenyList();
  held = await HeldDenials.open(folder, denyList, silentLog);
  obeyed = "i1";
  watch = null;
  servers = [];
});
afterEach(async () => {
  watch?.close();
  for (const server of servers) server.forceShutdown();
  await held.close();
  await removeFolder(folder);
});

/** A coordinator that tells what `tell` does; its calls, in the order they came. */
async function coordinator(tell: (call: Call) => void) {
  const calls: Call[] = [];
  const server = new Server();
  const { watchRevocations } = CoordinatorService;
  const handlers = {
    watchRevocations: (call: Call) => {
      calls.push(call);
      tell(call);
    },
  };
  server.addService({ watchRevocations }, handlers as unknown as UntypedServiceImplementation);
  servers.push(server);
  return { calls, address: await bindServer(server, "127.0.0.1:0", "insecure-loopback") };
}

function start(...coordinators: readonly string[]): RevocationWatch {
  const options = {
    tls: "insecure-loopback",
    coordinators: () => coordinators,
    held,
    obeyed: () => obeyed,
    log: silentLog,
  } as const;
  watch = new RevocationWatch({ ...options, first: 0 });
  watch.start();
  return watch;
}

/** While real answers travel, the pauses between streams pass at once. */
const eventually = <Seen>(look: () => Seen) =>
  expect.poll(async () => {
    await vi.advanceTimersByTimeAsync(250);
    return look();
  });

test("it says what it has, and takes each list that comes", async () => {
  held.take({ incarnation: "i1", version: 3, denials: [B2] });
  const { calls, address } = await coordinator(() => undefined);
  start(address);
  await eventually(() => calls[0]?.request).toEqual({ incarnation: "i1", version: 3 });
  calls[0]?.write({ incarnation: "i1", version: 5, denials: [A1] });
  await eventually(() => held.held.version).toBe(5);
  calls[0]?.write({ incarnation: "i1", version: 9, denials: [] });
  await eventually(() => denyList.size).toBe(0);
});

test("a coordinator that ends the stream is left for the next one, and nothing is lifted meanwhile", async () => {
  held.take({ incarnation: "i1", version: 3, denials: [B2] });
  const first = await coordinator((call) => call.end());
  const second = await coordinator((call) =>
    call.write({ incarnation: "i1", version: 4, denials: [A1, B2] }),
  );
  start(first.address, second.address);
  await eventually(() => held.held.version).toBe(4);
  expect(first.calls.length).toBeGreaterThan(0);
});

test("a list of another incarnation than the one that is obeyed changes nothing, until that is obeyed", async () => {
  held.take({ incarnation: "i1", version: 3, denials: [B2] });
  const { calls, address } = await coordinator((call) =>
    call.write({ incarnation: "i2", version: 8, denials: [] }),
  );
  const watching = start(address);
  await eventually(() => calls.length).toBe(1);
  calls[0]?.write({ incarnation: "i1", version: 4, denials: [A1, B2] });
  await eventually(() => held.held.version).toBe(4);
  expect(denyList.size).toBe(2);
  obeyed = "i2";
  watching.compare("i2", 8);
  await eventually(() => held.held.incarnation).toBe("i2");
  expect(denyList.size).toBe(0);
});

test("a leader whose list is newer makes it ask again; one whose list it has does not", async () => {
  held.take({ incarnation: "i1", version: 3, denials: [B2] });
  const { calls, address } = await coordinator(() => undefined);
  const watching = start(address);
  await eventually(() => calls.length).toBe(1);
  for (const version of [undefined, 0, 3]) watching.compare("i1", version);
  watching.compare("i1", 7);
  await eventually(() => calls.length).toBe(2);
});
