// What became of a move to another engine, in lines. The first one is the headline.

import type { MoveReport } from "../../client/engine/migrate.ts";

export function moveLines(report: MoveReport): string[] {
  const { etcd, prefix, index, stateHash, stoppedMs } = report;
  return [
    headline(report),
    `  etcd     ${etcd.join(", ")} under ${prefix}`,
    ...(index === null ? [] : [`  state    ${stateHash} at index ${index}, the same in both engines`]),
    ...(stoppedMs === null ? [] : [`  pause    no writes for ${(stoppedMs / 1_000).toFixed(1)} s`]),
    ...asideLines(report),
    ...nextLines(report),
  ];
}

export const isPlan = ({ state }: MoveReport): boolean => state.startsWith("would-");

function headline({ state, fleet, from, to }: MoveReport): string {
  switch (state) {
    case "would-move":
      return `would move fleet ${fleet} from the ${from} engine to the ${to} engine`;
    case "would-abort":
      return `would start fleet ${fleet} on the ${from} engine again`;
    case "would-finish":
      return `would delete the data that the ${from} engine left`;
    case "moved":
      return `fleet ${fleet} runs on the ${to} engine`;
    case "aborted":
      return `fleet ${fleet} runs on the ${from} engine again, as before`;
    case "finished":
      return `the data that the ${from} engine left is deleted`;
  }
}

function asideLines({ state, aside }: MoveReport): string[] {
  const word = { "would-move": "aside", moved: "aside", "would-finish": "delete", finished: "deleted" };
  if (state === "would-abort" || state === "aborted") return [];
  return aside.map((folder) => `  ${word[state].padEnd(8)} ${folder}`);
}

function nextLines({ state, back }: MoveReport): string[] {
  if (state !== "moved") return [];
  return ["", "next: fleet status", `back: ${back}`, "keep: fleet engine migrate --finish"];
}
