// The requests of a stream of watches: a flood waits for its identity's rate, and nothing is lost.

import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { WatchRequests } from "../../../../src/core/coordinator/etcd/watch/watch-requests.ts";
import { WatchRequest } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { rpcError } from "../../../../src/core/wire/rpc-error.ts";

const TOO_OFTEN = rpcError(status.RESOURCE_EXHAUSTED, "CALLS_TOO_OFTEN", "too often", {}, 300);

class World {
  /** Requests that may still be sent. */
  allowed = 0;
  isPaused = false;
  isFull = false;
  readonly taken: string[] = [];
  readonly waits: { readonly ms: number; readonly action: () => unknown; isOver: boolean }[] = [];
  readonly requests = new WatchRequests({
    call: {
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
      },
    },
    stream: this.#stream(),
    timers: {
      after: (ms, action) => {
        const wait = { ms, action, isOver: false };
        this.waits.push(wait);
        return () => {
          wait.isOver = true;
        };
      },
    },
    count: () => {
      if (this.allowed === 0) return TOO_OFTEN;
      this.allowed -= 1;
      return null;
    },
  });

  send(watchId: string): void {
    const requestUnion = { $case: "cancelRequest", value: { watchId } } as const;
    this.requests.take(WatchRequest.fromPartial({ requestUnion }));
  }

  passTime(): void {
    const wait = this.waits.at(-1);
    if (wait !== undefined && !wait.isOver) wait.action();
  }

  #stream() {
    const world = this;
    return {
      get isFull() {
        return world.isFull;
      },
      take: ({ requestUnion }: WatchRequest) => {
        if (requestUnion?.$case === "cancelRequest") world.taken.push(requestUnion.value.watchId);
      },
    };
  }
}

test("each request is counted; the next one waits as long as its identity must, and is not lost", () => {
  const world = new World();
  world.allowed = 2;
  for (const request of ["1", "2", "3", "4"]) world.send(request);
  expect(world).toMatchObject({ taken: ["1", "2"], isPaused: true });
  expect(world.waits.map(({ ms }) => ms)).toEqual([300]);
  world.requests.readAgain();
  expect(world.isPaused).toBe(true);
  world.allowed = 1;
  world.passTime();
  expect(world).toMatchObject({ taken: ["1", "2", "3"], isPaused: true });
  world.allowed = 9;
  world.passTime();
  expect(world).toMatchObject({ taken: ["1", "2", "3", "4"], isPaused: false });
});

test("a caller that reads no answers is not read until there is room", () => {
  const world = new World();
  world.allowed = 9;
  world.isFull = true;
  world.send("1");
  expect(world).toMatchObject({ taken: ["1"], isPaused: true });
  world.requests.readAgain();
  expect(world.isPaused).toBe(true);
  world.isFull = false;
  world.requests.readAgain();
  expect(world.isPaused).toBe(false);
});

test("after its end a stream takes nothing more", () => {
  const world = new World();
  world.send("1");
  world.requests.end();
  expect(world.waits.map(({ isOver }) => isOver)).toEqual([true]);
  world.requests.readAgain();
  expect(world).toMatchObject({ taken: [], isPaused: true });
});
