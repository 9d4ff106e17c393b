// The labels that a command is given, in kubectl's form: KEY=VALUE sets one, KEY- removes one.
import { Args, Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isLabelKey, isLabelValue, LABEL_RULE } from "../../core/base/labels.ts";
import { quoted } from "../../core/base/printable.ts";
import type { LabelChange } from "../../core/wire/gen/fleet/v1/command.ts";
import { objectsOf } from "./object-argument.ts";
import type { Write } from "./write-command.ts";

/** For `strict = false`: oclif has no argument that is given several times. */
export const labelArgs = (object: string) => ({
  [object]: Args.string({ required: true, description: `The ${object}` }),
  labels: Args.string({ required: true, description: "KEY=VALUE or KEY-; may be given several times" }),
});

export const overwriteFlag = {
  overwrite: Flags.boolean({ summary: "Also change labels that have another value" }),
};

/** The object and its change; `words` as they were typed, the object first. Throws USAGE. */
function labelChange(
  words: readonly unknown[],
  object: string,
  overwrite: boolean,
): { readonly name: string; readonly change: LabelChange; readonly shown: string } {
  const [name = "", ...labels] = objectsOf(words, [], object);
  if (labels.length === 0) throw wrong("no label is given");
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const label of labels) {
    const at = label.indexOf("=");
    const key = at < 0 ? label.slice(0, -1) : label.slice(0, at);
    const isValid = at < 0 ? label.endsWith("-") : isLabelValue(label.slice(at + 1));
    if (!isValid || !isLabelKey(key)) throw wrong(`${quoted(label)} is not a label`);
    if (Object.hasOwn(set, key) || remove.includes(key)) throw wrong(`label ${key} is given twice`);
    if (at < 0) remove.push(key);
    else set[key] = label.slice(at + 1);
  }
  return { name, change: { set, remove, overwrite }, shown: labels.join(" ") };
}

/** The write that changes labels: the same from the command line and from the dashboard. Throws USAGE. */
export function labelWrite(
  subject: "cluster" | "shard",
  words: readonly unknown[],
  overwrite: boolean,
): Write {
  const { name, change, shown } = labelChange(words, subject.toUpperCase(), overwrite);
  const operation =
    subject === "cluster"
      ? ({ $case: "labelCluster", value: { clusterId: name, change } } as const)
      : ({ $case: "labelShard", value: { shardId: name, change } } as const);
  return {
    operation,
    would: `would label ${subject} ${name} ${shown}`,
    done: `labelled ${subject} ${name} ${shown}`,
    already: `${subject} ${name} has these labels already`,
  };
}

function wrong(what: string): OperatorError {
  return new OperatorError("USAGE", {
    what,
    why: LABEL_RULE,
    next: "give KEY=VALUE to set a label, or KEY- to remove it",
    exit: Exit.Usage,
  });
}
