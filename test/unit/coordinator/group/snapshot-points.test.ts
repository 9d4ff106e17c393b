import { expect, test } from "vitest";
import { logIndex, nodeId } from "../../../../src/core/base/ids.ts";
import { passedSnapshotPoint } from "../../../../src/core/coordinator/group/snapshot-points.ts";

const EVERY = 1_000;

/** Where a replica that applies entry after entry would make its snapshots. */
function pointsOf(id: number, through: number, saved = 0, stretch = 1): number[] {
  const points: number[] = [];
  for (let applied = saved; applied <= through; applied += 1) {
    const passed = { saved: logIndex(points.at(-1) ?? saved), applied: logIndex(applied), stretch };
    if (passedSnapshotPoint(nodeId(id), EVERY, passed)) points.push(applied);
  }
  return points;
}

test("a replica's snapshots are so many entries apart, the first at most as far", () => {
  for (let id = 1; id <= 20; id += 1) {
    const points = pointsOf(id, 5 * EVERY);
    expect(points[0]).toBeLessThanOrEqual(EVERY);
    expect(points.slice(1).map((point, at) => point - (points[at] ?? 0))).toEqual(Array(4).fill(EVERY));
  }
});

test.each([
  { replicas: 2, apart: 230 },
  { replicas: 3, apart: 230 },
  { replicas: 5, apart: 140 },
  { replicas: 7, apart: 90 },
])("$replicas replicas make theirs at least $apart of 1 000 entries apart", ({ replicas, apart }) => {
  for (let first = 1; first <= 50; first += 1) {
    const points = Array.from({ length: replicas }, (_, at) => (pointsOf(first + at, EVERY)[0] ?? 0) % EVERY);
    points.sort((left, right) => left - right);
    const gaps = points.map((point, at) => (points[at + 1] ?? (points[0] ?? 0) + EVERY) - point);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(apart);
  }
});

test("a snapshot at another entry, received or asked for, moves no later one", () => {
  const regular = pointsOf(2, 3 * EVERY);
  expect(pointsOf(2, 3 * EVERY, 777)).toEqual(regular.filter((point) => point > 777));
});

test("many entries applied at once lead to one snapshot", () => {
  const passed = { saved: logIndex(0), applied: logIndex(10 * EVERY) };
  expect(passedSnapshotPoint(nodeId(1), EVERY, passed)).toBe(true);
  const again = { saved: logIndex(10 * EVERY), applied: logIndex(10 * EVERY) };
  expect(passedSnapshotPoint(nodeId(1), EVERY, again)).toBe(false);
});

test("of a large state each second or fourth point counts, so replicas stay apart at any mix of stretches", () => {
  const points = [1, 2, 3].map((id) => pointsOf(id, 40 * EVERY));
  for (const stretch of [2, 4]) {
    for (const [at, regular] of points.entries()) {
      const fewer = pointsOf(at + 1, 40 * EVERY, 0, stretch);
      expect(fewer.length).toBe(Math.floor(40 / stretch));
      expect(regular).toEqual(expect.arrayContaining(fewer));
    }
  }
  const all = points.flat().sort((left, right) => left - right);
  const gaps = all.slice(1).map((point, at) => point - (all[at] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(230);
});
