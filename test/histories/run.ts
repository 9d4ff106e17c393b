// `npm run histories`: checks every listed history and compares the verdict with the known one. `--explain` shows
// why those that are not linearizable are not.

import { checkFile } from "./check-file.ts";
import { absenceNotice, historiesFolder, type Listed, listedHistories } from "./folders.ts";

interface Outcome {
  readonly name: string;
  readonly isRight: boolean;
  readonly elapsedMs: number;
}

process.exitCode = main(process.argv.includes("--explain"));

function main(isExplaining: boolean): number {
  const folder = historiesFolder();
  const absence = absenceNotice(folder);
  if (absence !== null) console.log(absence);
  const outcomes = absence === null ? listedHistories(folder).map((listed) => run(listed, isExplaining)) : [];
  const wrong = outcomes.filter(({ isRight }) => !isRight).length;
  const slowest = outcomes.toSorted((a, b) => b.elapsedMs - a.elapsedMs)[0];
  if (slowest !== undefined) console.log(`slowest: ${slowest.name}, ${slowest.elapsedMs.toFixed(0)} ms`);
  console.log(`histories: ${outcomes.length} files, ${wrong} wrong`);
  return wrong === 0 && outcomes.length > 0 ? 0 : 1;
}

function run({ name, path, isLinearizable }: Listed, isExplaining: boolean): Outcome {
  const start = performance.now();
  const { verdict, isRight, lines } = judge(path, isLinearizable);
  const elapsedMs = performance.now() - start;
  console.log(`${isRight ? "ok   " : "WRONG"} ${name}: ${verdict}, ${elapsedMs.toFixed(0)} ms`);
  if (isExplaining) for (const line of lines) console.log(`      ${line}`);
  return { name, isRight, elapsedMs };
}

/** A file that can't be read or understood has no verdict, which is wrong. */
function judge(path: string, isLinearizable: boolean) {
  try {
    const { kind, operations, steps, evidence } = checkFile(path);
    const isRight = kind === (isLinearizable ? "linearizable" : "not-linearizable");
    return { verdict: `${kind} (${operations} operations, ${steps} steps)`, isRight, lines: evidence };
  } catch (error) {
    return { verdict: `${error}`, isRight: false, lines: [] };
  }
}
