// Finds the scripts of the three suites below a folder and runs them, each with a fresh driver.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ConfchangeDriver } from "./confchange-driver.ts";
import { type Directive, parseScript } from "./datadriven.ts";
import { InteractionDriver } from "./interaction/driver.ts";
import { normalize } from "./normalize.ts";
import { runQuorum } from "./quorum-driver.ts";

const SUITES = ["quorum", "confchange", "interaction"] as const;
type Suite = (typeof SUITES)[number];

export interface Script {
  readonly suite: Suite;
  readonly path: string;
  /** suite/file, for people. */
  readonly name: string;
}

export interface Outcome {
  readonly script: Script;
  /** How many were run; a script ends at its first mismatch. */
  readonly directives: number;
  readonly mismatch: Mismatch | null;
}

export interface Mismatch {
  readonly line: number;
  readonly directive: string;
  readonly expected: string;
  readonly actual: string;
}

/** The scripts in the suites' folders of `folder`, or in `folder` itself if that is one of them. */
export function findScripts(folder: string): readonly Script[] {
  return SUITES.flatMap((suite) => {
    const nested = join(folder, suite);
    if (existsSync(nested)) return scriptsIn(nested, suite);
    return basename(folder) === suite ? scriptsIn(folder, suite) : [];
  });
}

function scriptsIn(folder: string, suite: Suite): readonly Script[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".txt"));
  return files.toSorted().map((file) => ({ suite, path: join(folder, file), name: `${suite}/${file}` }));
}

export function runScript(script: Script): Outcome {
  const run = newDriver(script.suite);
  let directives = 0;
  let current: Directive | undefined;
  try {
    for (const directive of parseScript(readFileSync(script.path, "utf8"))) {
      current = directive;
      directives += 1;
      const mismatch = compare(directive, run(directive));
      if (mismatch !== null) return { script, directives, mismatch };
    }
    return { script, directives, mismatch: null };
  } catch (error) {
    // A malformed script or a broken invariant of the core: no output to compare with.
    const actual = `${error instanceof Error ? error.stack : error}\n`;
    const { line = 0, text = "", expected = "" } = current ?? {};
    return { script, directives, mismatch: { line, directive: text, expected, actual } };
  }
}

function newDriver(suite: Suite): (directive: Directive) => string {
  switch (suite) {
    case "quorum":
      return runQuorum;
    case "confchange": {
      const driver = new ConfchangeDriver();
      return (directive) => driver.run(directive);
    }
    case "interaction": {
      const driver = new InteractionDriver();
      return (directive) => driver.run(directive);
    }
  }
}

function compare(directive: Directive, output: string): Mismatch | null {
  const expected = normalize(directive.expected);
  const actual = normalize(output);
  return expected === actual ? null : { line: directive.line, directive: directive.text, expected, actual };
}
