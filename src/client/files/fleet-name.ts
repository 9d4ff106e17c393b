// What a fleet may not be called.

import { type OperatorError, usage } from "../../core/base/errors.ts";

export const badFleetName = (name: string): OperatorError =>
  usage(`${name} is not a valid name of a fleet`, "use lower-case letters, digits, '.', '_' and '-'");
