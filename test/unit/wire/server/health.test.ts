// grpc.health.v1 as its contract says: what is checked, listed and watched, and that a watcher hears of changes only.

import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { HealthCheckResponse_ServingStatus as Status } from "../../../../src/core/wire/gen/grpc/health/v1/health.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import { Health } from "../../../../src/core/wire/server/health.ts";

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = Status;

class Watch extends EventEmitter {
  readonly told: number[] = [];
  readonly request: { readonly service: string };
  constructor(service: string) {
    super();
    this.request = { service };
  }
  write({ status }: { readonly status: number }): boolean {
    return this.told.push(status) > 0;
  }
}

function watch(health: Health, service: string): Watch {
  const call = new Watch(service);
  health.implementation.watch(call as never);
  return call;
}

const check = (health: Health, service: string) =>
  health.implementation.check({ request: { service } } as never);

test("all services begin as serving, and the process as a whole", async () => {
  const health = new Health(["", "a"]);
  expect([await check(health, ""), await check(health, "a")]).toEqual([
    { status: SERVING },
    { status: SERVING },
  ]);
  health.setServing("a", false);
  expect(await health.implementation.list({ request: {} } as never)).toEqual({
    statuses: { "": { status: SERVING }, a: { status: NOT_SERVING } },
  });
});

test("a service that is not there is NOT_FOUND, as the contract says", async () => {
  const failure = await check(new Health([""]), "b").catch(readRpcError);
  expect(failure).toMatchObject({ code: 5, reason: "SERVICE_UNKNOWN" });
});

test("a watcher gets the present status at once, then only changes, and nothing once it has gone", () => {
  const health = new Health(["a", "b"]);
  const call = watch(health, "a");
  for (const isServing of [true, false, false, true]) health.setServing("a", isServing);
  health.setServing("b", false);
  expect(call.told).toEqual([SERVING, NOT_SERVING, SERVING]);
  call.emit("cancelled");
  health.setServing("a", false);
  expect(call.told).toHaveLength(3);
});

test("a watcher of an unknown service is told so, and its call stays", () => {
  expect(watch(new Health([""]), "b").told).toEqual([SERVICE_UNKNOWN]);
});
