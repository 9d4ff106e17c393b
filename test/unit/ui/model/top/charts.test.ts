import { describe, expect, test } from "vitest";
import { NodeStatus } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ReignEnd } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import { ASCII, UNICODE } from "../../../../../src/ui/model/symbols.ts";
import { areaChart, bucketed, roundTop } from "../../../../../src/ui/model/top/charts.ts";
import { joinReigns, leadership, type Stretch } from "../../../../../src/ui/model/top/reigns.ts";

describe("charts", () => {
  test("samples stand at the right, and the highest of a stretch counts", () => {
    expect(bucketed([1, 9, 2, 3], 4, 8)).toEqual([null, null, 9, 3]);
    expect(bucketed([5], 6, 2)).toEqual([null, null, null, 5, 5, 5]);
  });

  test.each([
    { symbols: UNICODE, lines: ["⠀⢸", "⣀⣾"], why: "two samples a character" },
    { symbols: ASCII, lines: ["   #", "__+#"], why: "one" },
  ])("$lines: $why", ({ symbols, lines }) => {
    const samples = [0, 0, 3, 8];
    const size = { width: symbols === ASCII ? 4 : 2, height: 2, window: 4 };
    expect(areaChart(samples, size, 8, symbols)).toEqual(lines);
  });

  test.each([
    [0, 1],
    [0.3, 0.5],
    [1, 1],
    [7, 10],
    [43, 50],
    [180, 200],
  ])("%d is charted up to %d", (value, top) => expect(roundTop(value)).toBe(top));
});

describe("reigns of several witnesses", () => {
  type Told = { leaderId: number; term: number; fromAgeMs: number; untilAgeMs?: number; ended?: ReignEnd };
  const witness = (nodeId: number, answers: boolean, ...reigns: Told[]) => ({
    status: NodeStatus.fromPartial({ nodeId, vitals: { reigns } }),
    atMs: 100_000,
    answers,
  });

  test("the word of who led counts most, and the first to notice says when", () => {
    const joined = joinReigns([
      witness(2, true, {
        leaderId: 1,
        term: 3,
        fromAgeMs: 50_000,
        untilAgeMs: 900,
        ended: ReignEnd.SUPERSEDED,
      }),
      witness(1, true, {
        leaderId: 1,
        term: 3,
        fromAgeMs: 50_010,
        untilAgeMs: 950,
        ended: ReignEnd.QUORUM_LOST,
      }),
      witness(3, true, {
        leaderId: 1,
        term: 3,
        fromAgeMs: 49_000,
        untilAgeMs: 940,
        ended: ReignEnd.HANDED_OVER,
      }),
    ]);
    expect(joined).toEqual([
      { leaderId: 1, term: 3, fromMs: 49_990, untilMs: 99_050, why: ReignEnd.QUORUM_LOST },
    ]);
  });

  test("what a dead node said last keeps no reign open", () => {
    const [over, open] = joinReigns([
      witness(1, false, { leaderId: 1, term: 3, fromAgeMs: 50_000 }),
      witness(
        2,
        true,
        { leaderId: 1, term: 3, fromAgeMs: 50_000, untilAgeMs: 5_000, ended: ReignEnd.DISCONNECTED },
        { leaderId: 2, term: 4, fromAgeMs: 4_000 },
      ),
    ]);
    expect(over).toMatchObject({ untilMs: 95_000, why: ReignEnd.DISCONNECTED });
    expect(open).toMatchObject({ leaderId: 2, untilMs: null });
  });

  test("one node that lost sight of a leader does not end its reign", () => {
    const [only] = joinReigns([
      witness(2, true, { leaderId: 1, term: 3, fromAgeMs: 50_000 }),
      witness(3, true, {
        leaderId: 1,
        term: 3,
        fromAgeMs: 50_000,
        untilAgeMs: 5_000,
        ended: ReignEnd.SILENT,
      }),
    ]);
    expect(only).toMatchObject({ untilMs: null });
  });

  test("the strip shows leaders, short gaps, no leader, and what nobody saw", () => {
    const reigns = joinReigns([
      witness(
        2,
        true,
        { leaderId: 1, term: 3, fromAgeMs: 80_000, untilAgeMs: 45_000, ended: ReignEnd.SILENT },
        { leaderId: 2, term: 4, fromAgeMs: 44_700, untilAgeMs: 25_000, ended: ReignEnd.SILENT },
        { leaderId: 2, term: 5, fromAgeMs: 5_000 },
      ),
    ]);
    const strip = leadership(reigns, { nowMs: 100_000, windowMs: 100_000, columns: 10 });
    const drawn = (stretch: Stretch) =>
      stretch.kind === "led" ? `${stretch.leaderId}${stretch.hasGap ? "!" : ""}` : stretch.kind;
    expect(strip.map(drawn)).toEqual(["unknown", "unknown", "1", "1", "1", "1!", "2", "2!", "none", "2!"]);
  });
});
