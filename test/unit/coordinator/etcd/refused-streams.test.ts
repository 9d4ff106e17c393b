// A stream that is refused is not remembered: neither its place, nor that it requires a leader.

import { EventEmitter } from "node:events";
import { Metadata } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import type { EtcdContext } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { LeaderRequired } from "../../../../src/core/coordinator/etcd/leader-required.ts";
import { leaseService } from "../../../../src/core/coordinator/etcd/lease-service.ts";
import { watchService } from "../../../../src/core/coordinator/etcd/watch/watch-service.ts";
import { FakeKeys, FREE_SERVER } from "./key-store.ts";

/** Of one member, and of administrators. */
const STREAMS_MAX = 8_192;
const idle = { every: () => () => undefined, after: () => () => undefined };

class Call extends EventEmitter {
  readonly metadata = new Metadata();
  readonly errors: unknown[] = [];

  constructor() {
    super();
    this.metadata.set("hasleader", "true");
    // Not the service's listener.
    this.emit = (event: string | symbol, ...given: unknown[]) =>
      event === "error" ? this.errors.push(given[0]) > 0 && super.emit("close") : super.emit(event, ...given);
  }
}

function member(which: "leases" | "watches") {
  const fake = new FakeKeys({});
  const driver = { leader: 1 };
  const context = {
    ...fake.context,
    tls: "insecure-loopback",
    keys: () => ({ driver, machine: { trust: { isTrusted: true } } }),
  } as never as EtcdContext;
  let look: () => unknown = () => undefined;
  const every = (_: number, action: () => unknown) => {
    look = action;
    return () => undefined;
  };
  const required = new LeaderRequired(context, { ...idle, every });
  const open: (call: never) => unknown =
    which === "leases"
      ? leaseService(context, fake.store, required).leaseKeepAlive
      : watchService(context, fake.store, idle, required, FREE_SERVER).watch;
  return { driver, look: () => look(), open: (call: Call) => open(call as never) };
}

test.each(["leases", "watches"] as const)("%s: a stream beyond the limit", (which) => {
  const { driver, look, open } = member(which);
  const calls = Array.from({ length: STREAMS_MAX }, () => new Call());
  for (const call of calls) open(call);
  const refused = new Call();
  expect(() => open(refused)).toThrow("already");
  driver.leader = 0;
  look();
  expect(calls.every(({ errors }) => errors.length === 1)).toBe(true);
  expect(refused.errors).toEqual([]);
});

test.each(["leases", "watches"] as const)("%s: streams that lack a leader", (which) => {
  const { driver, open } = member(which);
  driver.leader = 0;
  for (let at = 0; at < STREAMS_MAX; at += 1) expect(() => open(new Call())).toThrow(ETCD_ERRORS.noLeader);
  driver.leader = 1;
  expect(() => open(new Call())).not.toThrow();
});
