// A bug in one stream of watches ends that stream, with INTERNAL and an id that the log has. No other stream, and not the
// process.

import { EventEmitter } from "node:events";
import { Metadata, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { LeaderRequired } from "../../../../src/core/coordinator/etcd/leader-required.ts";
import { WatchHub } from "../../../../src/core/coordinator/etcd/watch/watch-hub.ts";
import { watchService } from "../../../../src/core/coordinator/etcd/watch/watch-service.ts";
import { WatchRequest, type WatchResponse } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import { apply, bytes, put } from "./key-commands.ts";
import { FakeKeys, FREE_SERVER } from "./key-store.ts";

const idle = { every: () => () => undefined, after: () => () => undefined };
const pass = () => new Promise((resolve) => setImmediate(resolve));

class Call extends EventEmitter {
  readonly metadata = new Metadata();
  readonly sent: WatchResponse[] = [];
  readonly errors: unknown[] = [];
  writableNeedDrain = false;
  isBroken = false;

  constructor() {
    super();
    this.on("error", (error) => this.errors.push(error));
  }

  write(response: WatchResponse): void {
    if (this.isBroken) throw new TypeError("a bug");
    this.sent.push(response);
  }

  pause(): void {}
  resume(): void {}

  get told(): number {
    return this.sent.filter(({ events }) => events.length > 0).length;
  }
}

function member() {
  const keys = new FakeKeys({});
  const later = (work: () => void) => void setImmediate(work);
  const hub = new WatchHub({ space: () => keys.space, later, now: () => 0 });
  const trust = { isTrusted: true };
  const context = {
    ...keys.context,
    tls: "insecure-loopback" as const,
    keys: () => ({ driver: { leader: 1 }, machine: { trust, space: keys.space } }) as never,
  };
  const required = new LeaderRequired(context, idle);
  const { watch } = watchService(context, { ...keys.store, hub }, idle, required, FREE_SERVER);
  const open = () => {
    const call = new Call();
    watch(call as never);
    ask(call, { $case: "createRequest", value: { key: bytes("a") } });
    return call;
  };
  const change = async () => {
    hub.applied(apply(keys.space, put("a", "1")));
    await pass();
  };
  return { keys, hub, open, change };
}

type Asked = NonNullable<Parameters<typeof WatchRequest.fromPartial>[0]["requestUnion"]>;
const ask = (call: Call, requestUnion: Asked) =>
  call.emit("data", WatchRequest.fromPartial({ requestUnion }));

test.each<{ what: string; act: (call: Call, change: () => Promise<void>) => unknown }>([
  { what: "telling an event", act: (_, change) => change() },
  {
    what: "taking a request",
    act: (call) => ask(call, { $case: "createRequest", value: { key: bytes("b") } }),
  },
  { what: "telling the progress", act: (call) => ask(call, { $case: "progressRequest", value: {} }) },
])("$what throws", async ({ act }) => {
  const { keys, hub, open, change } = member();
  const [first, broken, last] = [open(), open(), open()];
  broken.isBroken = true;
  await act(broken, change);
  await pass();
  expect(broken.errors.map(readRpcError)).toEqual([
    expect.objectContaining({
      code: status.INTERNAL,
      metadata: expect.objectContaining({ id: expect.any(String) }),
    }),
  ]);
  expect(keys.internalErrors.count).toBe(1);
  const before = first.told;
  await change();
  expect([first.told, last.told]).toEqual([before + 1, before + 1]);
  expect([first.errors, last.errors, hub.counts.all]).toEqual([[], [], 2]);
});

test("a caller whose permission can't be reviewed is told nothing more", async () => {
  const { keys, open, change } = member();
  const [broken, other] = [open(), open()];
  keys.store.access.readMark = () => {
    keys.store.access.readMark = () => 0;
    throw new TypeError("a bug");
  };
  keys.changeRules({});
  await pass();
  await pass();
  expect(broken.errors).toHaveLength(1);
  expect(keys.internalErrors.count).toBe(1);
  await change();
  expect([broken.told, other.told]).toEqual([0, 1]);
});
