// One register with compare-and-set, initially absent (null). A cas from null sets the value if there is
// none.

import type { Model } from "../model.ts";

export type RegisterValue = string | number | null;

export type RegisterInput =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly value: RegisterValue }
  | { readonly kind: "cas"; readonly from: RegisterValue; readonly to: RegisterValue };

export type RegisterOutput =
  | { readonly kind: "value"; readonly value: RegisterValue }
  | { readonly kind: "written" }
  | { readonly kind: "mismatch" };

export const register: Model<RegisterValue, RegisterInput, RegisterOutput> = {
  initial: () => null,
  step: (state, input, output) => {
    switch (input.kind) {
      case "read":
        return output === undefined || (output.kind === "value" && output.value === state)
          ? state
          : undefined;
      case "write":
        return output === undefined || output.kind === "written" ? input.value : undefined;
      case "cas":
        return compareAndSet(state, input.from, input.to, output);
    }
  },
  keyOf: (state) => state,
  partOf: null,
  lookAhead: {
    // The answer of a cas also shows the value before it.
    readsAloneTell: false,
    isRead: (input) => input.kind === "read",
    mayLeadTo: (state, output) => output.kind !== "value" || output.value === state,
    mayRestore: (input, output) => output.kind !== "value" || valueSetBy(input) === output.value,
  },
  describe: (input, output) => `${describeInput(input)} → ${describeOutput(output)}`,
};

function valueSetBy(input: RegisterInput): RegisterValue | undefined {
  switch (input.kind) {
    case "read":
      return undefined;
    case "write":
      return input.value;
    case "cas":
      return input.to;
  }
}

function compareAndSet(
  state: RegisterValue,
  from: RegisterValue,
  to: RegisterValue,
  output: RegisterOutput | undefined,
) {
  const matches = state === from;
  switch (output?.kind) {
    case undefined:
      return matches ? to : state;
    case "written":
      return matches ? to : undefined;
    case "mismatch":
      return matches ? undefined : state;
    case "value":
      return undefined;
  }
}

function describeInput(input: RegisterInput): string {
  switch (input.kind) {
    case "read":
      return "read";
    case "write":
      return `write ${input.value}`;
    case "cas":
      return `cas ${input.from} ${input.to}`;
  }
}

function describeOutput(output: RegisterOutput | undefined): string {
  switch (output?.kind) {
    case undefined:
      return "?";
    case "value":
      return `${output.value ?? "absent"}`;
    case "written":
      return "ok";
    case "mismatch":
      return "mismatch";
  }
}
