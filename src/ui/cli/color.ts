// The one rule for colour. chalk gets its level here, since it does not know NO_COLOR. Only the sixteen ANSI colours
// are used, which a terminal's theme keeps readable on light and dark.
import { Chalk } from "chalk";
import type { ContextColor } from "../../client/context/target.ts";
import type { Paint } from "../model/paint.ts";
import type { Mark } from "../model/table.ts";

export interface ColorSituation {
  /** `--no-color` was given. */
  readonly refused: boolean;
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** No colour when refused, under NO_COLOR (set to anything but empty, no-color.org), on a dumb terminal or in a pipe. */
export function wantsColor({ refused, isTerminal, env }: ColorSituation): boolean {
  const { NO_COLOR: noColor, TERM: terminal } = env;
  if (refused || !isTerminal || terminal === "dumb") return false;
  return noColor === undefined || noColor === "";
}

/** `context`: the colour of the context that names the fleet, if it has one. */
export function paintFor(colored: boolean, context?: ContextColor): Paint {
  const chalk = new Chalk({ level: colored ? 1 : 0 });
  const marks: Readonly<Record<Mark, (text: string) => string>> = {
    good: chalk.green,
    warn: chalk.yellow,
    bad: chalk.red,
    unknown: chalk.dim,
  };
  return {
    mark: (mark, text) => marks[mark](text),
    banner: (text) => (context === undefined ? chalk.bold(text) : chalk[context].inverse.bold(text)),
    strong: (text) => chalk.bold(text),
    faint: (text) => chalk.dim(text),
    inverse: (text) => chalk.inverse(text),
  };
}
