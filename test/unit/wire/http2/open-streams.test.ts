import { expect, test } from "vitest";
import { OpenStreams } from "../../../../src/core/wire/http2/open-streams.ts";

const stream = (id: number) => ({ id });
const opened = (...ids: readonly number[]) => {
  const streams = new OpenStreams<{ readonly id: number }>();
  for (const id of ids) streams.add(stream(id));
  return streams;
};
const ids = (streams: OpenStreams<{ readonly id: number }>) => [...streams].map(({ id }) => id);

test("a stream is found by its id, and no other one is", () => {
  const streams = opened(1, 3, 7, 9);
  expect([1, 3, 7, 9].map((id) => streams.get(id)?.id)).toEqual([1, 3, 7, 9]);
  expect([0, 2, 5, 11].map((id) => streams.get(id))).toEqual([undefined, undefined, undefined, undefined]);
});

test("streams leave in any order, and the others stay in theirs", () => {
  for (const leaving of [1, 3, 7, 9]) {
    const streams = opened(1, 3, 7, 9);
    const found = streams.get(leaving);
    if (found === undefined) throw new Error("it is open");
    streams.remove(found);
    expect(ids(streams)).toEqual([1, 3, 7, 9].filter((id) => id !== leaving));
    expect(streams.get(leaving)).toBeUndefined();
    expect(streams.size).toBe(3);
  }
});

test("a stream that is not open can't leave, not even under an open one's id", () => {
  const streams = opened(1, 3);
  streams.remove(stream(3));
  streams.remove(stream(5));
  expect(ids(streams)).toEqual([1, 3]);
});

test("all are taken in their order, and none is left", () => {
  const streams = opened(1, 3, 7);
  expect(streams.takeAll().map(({ id }) => id)).toEqual([1, 3, 7]);
  expect(streams.size).toBe(0);
  expect(streams.takeAll()).toEqual([]);
});

test("one call after another", () => {
  const streams = opened();
  for (let id = 1; id < 100; id += 2) {
    const call = stream(id);
    streams.add(call);
    expect(streams.get(id)).toBe(call);
    streams.remove(call);
    expect(streams.size).toBe(0);
  }
});

test("ids only rise", () => {
  expect(() => opened(3, 1)).toThrow("ids of streams only rise");
});
