// Fields that plans of both versions have.

import { isName } from "../base/ids.ts";
import {
  type Found,
  fieldOf,
  fieldsOnly,
  oneOf,
  problem,
  type Read,
  text,
  wrong,
} from "../base/read-value.ts";
import { type Executor, withoutUndo } from "./plan.ts";
import { expandTemplate } from "./template.ts";

/** `lengthMax` leaves room for what the names of migrations add. */
export function planName(lengthMax: number): Read<string> {
  return (found) => {
    const { value } = found;
    if (typeof value === "string" && isName(value) && withoutUndo(value).length <= lengthMax) return value;
    const wanted = `a name: 1 to ${lengthMax} of a-z 0-9 . _ - with a letter or digit at both ends`;
    throw wrong(found, wanted);
  };
}

/** A cluster or a shard. */
export const place = planName(253);

/** Refuses a move from a shard to itself. */
export function moves<T extends { readonly from: string; readonly to: string }>(read: Read<T>): Read<T> {
  return (found) => {
    const move = read(found);
    if (move.from === move.to) throw problem(fieldOf(found, "to"), "must differ from the present shard");
    return move;
  };
}

export function executor(found: Found): Executor {
  const kind = oneOf("local", "command")(fieldOf(found, "kind"));
  return kind === "local" ? LOCAL(found) : COMMAND(found);
}

const LOCAL = fieldsOnly({ kind: oneOf("local") });
const COMMAND = fieldsOnly({ kind: oneOf("command"), command: template });

function template(found: Found): string {
  const command = text(found);
  // The values do not matter: a template fails only because of its own form.
  const expanded = expandTemplate(command, { cluster: "c", from: "s", to: "s", address: "s:1" });
  if (!expanded.ok) throw problem(found, expanded.what);
  return command;
}
