// `fleet complete SHELL [LINE] -- WORD…`: what a shell's script asks at each press of tab (ui/model/completion/scripts.ts). It is
// hidden, and says nothing when anything fails: a shell that completes has no place for an error.
import { parseDuration } from "../core/base/duration.ts";
import { readOwnJson } from "../core/base/own-files.ts";
import { argvInOrder } from "../ui/cli/argv-in-order.ts";
import { BaseCommand } from "../ui/cli/base-command.ts";
import { writeData } from "../ui/cli/terminal.ts";
import { type Completion, complete, type Manifest, spelled } from "../ui/model/completion/complete.ts";
import { joinBashWords } from "../ui/model/completion/shell-words.ts";

/** A press of tab should answer within this, the start of the process included. */
const ANSWER_MS = 200;
/** A busy machine takes all of that for the start; a fleet gets this much even then. */
const ASK_MS_MIN = 150;

export default class CompleteCommand extends BaseCommand {
  static override hidden = true;
  static override summary = "Print what could be typed next, for a shell's completion";
  static override strict = false;

  run(): Promise<void> {
    // Not parsed: every word is one of a line that is not finished.
    this.parsed = true;
    return this.#answer().catch(() => undefined);
  }

  async #answer(): Promise<void> {
    const [shell = "", ...rest] = this.argv;
    const [line] = rest.slice(0, rest.indexOf("--"));
    const given = rest.slice(rest.indexOf("--") + 1);
    const { words, kept } = shell === "bash" ? joinBashWords(given, line) : { words: given, kept: "" };
    const current = words.at(-1) ?? "";
    const completion = complete(readManifest(), [...argvInOrder(words.slice(0, -1)), current]);
    const values = [
      ...completion.candidates.map(({ value, about }) => `${value} ${about}`),
      ...(await names(completion)),
    ];
    const lines = values.map((value) => (value.startsWith(kept) ? value.slice(kept.length) : value));
    writeData([completion.wanted?.kind === "files" ? "files" : "names", ...lines].join("\n"));
  }
}

async function names({ wanted, given }: Completion): Promise<readonly string[]> {
  if (wanted === null || wanted.kind === "files") return [];
  const { namesOf } = await import("../client/completion/names.ts");
  const { dir, context, endpoints, ca, cert, key } = Object.fromEntries(given);
  const env = process.env;
  const isPlain = given.has("insecure-loopback");
  const target = {
    ...{ dir, context, endpoints, ca, cert, key, env, cwd: process.cwd() },
    ...(isPlain ? { insecureLoopback: true } : {}),
  };
  const found = await namesOf({ kind: wanted.kind, prefix: wanted.prefix, target, withinMs: askMs(env) });
  return spelled(wanted, found);
}

/** FLEET_COMPLETION_TIMEOUT, for fleets that are far away; else what is left. */
function askMs({ FLEET_COMPLETION_TIMEOUT: text = "" }: NodeJS.ProcessEnv): number {
  const chosen = text === "" ? null : parseDuration(text);
  return chosen ?? Math.max(ASK_MS_MIN, ANSWER_MS - performance.now());
}

function readManifest(): Manifest {
  const { commands } = readOwnJson("oclif.manifest.json") as Pick<Manifest, "commands">;
  const { oclif } = readOwnJson("package.json") as { readonly oclif: Pick<Manifest, "topics"> };
  return { commands, topics: oclif.topics };
}
