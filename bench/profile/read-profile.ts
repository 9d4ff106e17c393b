// V8's .cpuprofile: the time of each function and of each stage of an operation. Pure.

import { stageOf } from "./stages.ts";

/** The part of a .cpuprofile that is read here. */
export interface Profile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds on the profiler's clock. */
  readonly startTime: number;
  readonly endTime: number;
  /** The node that ran, by id. */
  readonly samples: readonly number[];
  /** Microseconds, one a sample. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

export interface FunctionTime {
  readonly selfUs: number;
  readonly totalUs: number;
}

export interface BusyTimes {
  /** As "name file:line". */
  readonly functions: ReadonlyMap<string, FunctionTime>;
  readonly stages: ReadonlyMap<string, number>;
  readonly busyUs: number;
}

/** The busy time between two moments, in microseconds before the profile's end. */
export function busyTimes(profile: Profile, fromUs: number, toUs: number, root: string): BusyTimes {
  const { nodes, startTime, endTime, samples, timeDeltas } = profile;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callers = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const functions = new Map<string, FunctionTime>();
  const stages = new Map<string, number>();
  const add = (name: string, selfUs: number, totalUs: number) => {
    const time = functions.get(name) ?? { selfUs: 0, totalUs: 0 };
    functions.set(name, { selfUs: time.selfUs + selfUs, totalUs: time.totalUs + totalUs });
  };
  let [nowUs, busyUs] = [startTime, 0];
  samples.forEach((id, at) => {
    const deltaUs = timeDeltas[at] ?? 0;
    nowUs += deltaUs;
    const stack = stackOf(id, callers, byId);
    const names = stack.map((node) => nameOf(node, root));
    const [name = ""] = names;
    if (nowUs < endTime - fromUs || nowUs > endTime - toUs || name === "(idle)") return;
    busyUs += deltaUs;
    add(name, deltaUs, 0);
    // A recursive function counts once.
    for (const running of new Set(names)) add(running, 0, deltaUs);
    const stage = stageOf(stack.map(({ callFrame }) => callFrame));
    stages.set(stage, (stages.get(stage) ?? 0) + deltaUs);
  });
  return { functions, stages, busyUs };
}

/** The innermost function first. */
function stackOf(
  id: number,
  callers: ReadonlyMap<number, number>,
  nodes: ReadonlyMap<number, ProfileNode>,
): readonly ProfileNode[] {
  const stack: ProfileNode[] = [];
  for (let at: number | undefined = id; at !== undefined; at = callers.get(at)) {
    const node = nodes.get(at);
    if (node !== undefined) stack.push(node);
  }
  return stack;
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode, root: string): string {
  const file = url.replace(`file://${root}`, "").replace(/^.*node_modules\//, "");
  return `${functionName || "(anonymous)"} ${file && `${file}:${lineNumber + 1}`}`.trim();
}
