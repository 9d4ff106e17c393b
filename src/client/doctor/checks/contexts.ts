// The contexts of this user.

import type { Check } from "../check.ts";
import type { ContextFacts } from "../context-facts.ts";

export const contextChecks: readonly Check<readonly ContextFacts[]>[] = [
  {
    id: "context.nowhere",
    severity: "info",
    why: "a command with this context cannot reach a fleet",
    look: (contexts) =>
      contexts.flatMap(({ name, problem }) =>
        problem === null
          ? []
          : [
              {
                subject: name,
                evidence: problem,
                next: "correct or remove it in contexts.yaml: fleet context list",
              },
            ],
      ),
  },
];
