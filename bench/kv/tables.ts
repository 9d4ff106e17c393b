// What `bench -- kv` prints: rates, failovers, and both beside what the project wants of them.

import { median } from "../statistics.ts";
import { formatRange, type Table } from "../table.ts";
import { ROW_OF_GRPC_JS, ROW_OF_PROBE, ROW_OF_SUBMIT, rowOfPuts, rowOfReads } from "./measures.ts";
import type { Compared, Measured } from "./rounds.ts";

type Both<Value> = Readonly<Record<"etcd" | "fleet", Value>>;
type Three<Value> = Readonly<Record<"etcd" | "fleet" | "zookeeper", Value>>;

/** Milliseconds of each run. */
export interface Failures {
  readonly killed: Three<number[]>;
  readonly paused: Three<number[]>;
  readonly cold: Three<number[]>;
}

export function loadTable(secrecy: string, rounds: number, compared: Compared): Table {
  const cells = ({ perSecond, lowest, highest, p50Ms, p99Ms }: Measured) => [
    formatRange(perSecond, lowest, highest),
    `${p50Ms.toFixed(2)} / ${p99Ms.toFixed(1)} ms`,
  ];
  return {
    title: `Keys, ${secrecy}: calls a second, medians of ${rounds} rounds (lowest–highest)`,
    header: ["what", "etcd", "p50 / p99", "fleet", "p50 / p99", "rate ÷ etcd", "p50 ÷ etcd", "p99 ÷ etcd"],
    rows: [...compared].map(([row, { etcd, fleet }]) => [
      row,
      ...cells(etcd),
      ...cells(fleet),
      times(fleet.perSecond / etcd.perSecond),
      times(fleet.p50Ms / etcd.p50Ms),
      times(fleet.p99Ms / etcd.p99Ms),
    ]),
  };
}

/** What ZooKeeper's Java client got in the same rounds, and after the same faults: its writes are no calls of gRPC. */
export function zookeeperTable(compared: Compared, failures: Failures): Table {
  const row = (what: string, value: string, against: Both<number>) => [
    what,
    value,
    times(against.etcd),
    times(against.fleet),
  ];
  const loads = [...compared]
    .filter(([, { zookeeper }]) => !Number.isNaN(zookeeper.perSecond))
    .map(([what, { etcd, fleet, zookeeper }]) => {
      const { perSecond, lowest, highest, p50Ms, p99Ms } = zookeeper;
      const value = `${formatRange(perSecond, lowest, highest)}, ${p50Ms.toFixed(2)} / ${p99Ms.toFixed(1)} ms`;
      return row(what, value, { etcd: perSecond / etcd.perSecond, fleet: perSecond / fleet.perSecond });
    });
  const faults = [
    ["leader killed", failures.killed],
    ["cold start of all", failures.cold],
  ] as const;
  const untilWritten = faults
    .filter(([, { zookeeper }]) => zookeeper.length > 0)
    .map(([what, runs]) => {
      const own = middle(runs.zookeeper);
      const value = `${ms(own)} (${ms(Math.max(...runs.zookeeper))})`;
      return row(what, value, { etcd: own / middle(runs.etcd), fleet: own / middle(runs.fleet) });
    });
  return {
    title: "ZooKeeper 3.8 through its own Java client, plaintext, in the same rounds",
    header: ["what", "a second, p50 / p99; median (worst)", "÷ etcd", "÷ fleet"],
    rows: [...loads, ...untilWritten],
  };
}

export function failureTable(secrecy: string, { killed, paused, cold }: Failures): Table {
  const row = (what: string, runs: Both<number[]>) => [
    what,
    String(runs.fleet.length),
    ...(["etcd", "fleet"] as const).map(
      (store) => `${ms(middle(runs[store]))} (${ms(Math.max(...runs[store]))})`,
    ),
    times(middle(runs.fleet) / middle(runs.etcd)),
    times(Math.max(...runs.fleet) / Math.max(...runs.etcd)),
  ];
  return {
    title: `Keys, ${secrecy}: until the first acknowledged put, median (worst)`,
    header: ["what", "runs", "etcd", "fleet", "÷ etcd", "worst ÷ worst"],
    rows: [row("leader killed", killed), row("leader paused", paused), row("cold start of all", cold)],
  };
}

interface Goal {
  readonly what: string;
  readonly ratio: number;
  /** At least, or at most. */
  readonly isFloor: boolean;
  readonly bound: number;
}

export function goalTable(
  secrecy: string,
  compared: Compared,
  { killed, paused, cold }: Failures,
  megabytes: Both<number>,
): Table {
  const of = (row: string, key: "perSecond" | "p50Ms" | "p99Ms") => {
    const both = compared.get(row);
    return both === undefined ? Number.NaN : both.fleet[key] / both.etcd[key];
  };
  const middles = (runs: Both<number[]>) => middle(runs.fleet) / middle(runs.etcd);
  const goals: Goal[] = [
    { what: "puts, 1 client, p50", ratio: of(rowOfPuts(1), "p50Ms"), isFloor: false, bound: 1 },
    { what: "puts/s at 16", ratio: of(rowOfPuts(16), "perSecond"), isFloor: true, bound: 1.2 },
    { what: "puts/s at 64", ratio: of(rowOfPuts(64), "perSecond"), isFloor: true, bound: 1.5 },
    { what: "puts/s at 256", ratio: of(rowOfPuts(256), "perSecond"), isFloor: true, bound: 1.3 },
    { what: "p99 of puts at 64", ratio: of(rowOfPuts(64), "p99Ms"), isFloor: false, bound: 1 },
    {
      what: "puts/s at 64, grpc-js client",
      ratio: of(ROW_OF_GRPC_JS, "perSecond"),
      isFloor: true,
      bound: 1.6,
    },
    {
      what: "linearizable reads/s at 64",
      ratio: of(rowOfReads("linearizable read"), "perSecond"),
      ...{ isFloor: true, bound: 1.4 },
    },
    {
      what: "serializable reads/s at 64",
      ratio: of(rowOfReads("serializable read"), "perSecond"),
      ...{ isFloor: true, bound: 1.4 },
    },
    { what: "leader killed, median", ratio: middles(killed), isFloor: false, bound: 0.1 },
    {
      what: "leader killed, worst ÷ etcd's median",
      ratio: Math.max(...killed.fleet) / middle(killed.etcd),
      ...{ isFloor: false, bound: 0.3 },
    },
    { what: "leader paused, median", ratio: middles(paused), isFloor: false, bound: 0.5 },
    { what: "cold start, median", ratio: middles(cold), isFloor: false, bound: 1 },
    { what: "RSS a node after the load", ratio: megabytes.fleet / megabytes.etcd, isFloor: false, bound: 1 },
    {
      what: "fleet's own Submit of a probe ÷ etcd's puts",
      ratio: of(ROW_OF_PROBE, "perSecond"),
      ...{ isFloor: true, bound: 1.2 },
    },
    {
      what: "fleet's own Submit in a session ÷ etcd's puts, grpc-js client",
      ratio: of(ROW_OF_SUBMIT, "perSecond"),
      isFloor: true,
      bound: 1.2,
    },
  ];
  return {
    title: `Keys, ${secrecy}: relative to etcd (after the load ${megabytes.etcd.toFixed(0)} and ${megabytes.fleet.toFixed(0)} MB a node)`,
    header: ["measure", "to reach", "measured", "reached"],
    rows: goals
      .filter(({ ratio }) => !Number.isNaN(ratio))
      .map(({ what, ratio, isFloor, bound }) => [
        what,
        `${isFloor ? "≥" : "≤"} ${bound}×`,
        times(ratio),
        (isFloor ? ratio >= bound : ratio <= bound) ? "yes" : "no",
      ]),
  };
}

const middle = (runs: readonly number[]): number => (runs.length === 0 ? Number.NaN : median(runs));
const ms = (value: number): string => `${value.toFixed(0)} ms`;
const times = (ratio: number): string => (Number.isNaN(ratio) ? "–" : `${ratio.toFixed(2)}×`);
