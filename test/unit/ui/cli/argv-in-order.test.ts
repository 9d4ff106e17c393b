import { expect, test } from "vitest";
import { argvInOrder, PLAIN_FLAGS, VALUE_FLAGS } from "../../../../src/ui/cli/argv-in-order.ts";
import { targetFlags } from "../../../../src/ui/cli/fleet-flags.ts";
import { outputFlags } from "../../../../src/ui/cli/output-flags.ts";

test.each([
  { typed: "status", means: "status", why: "nothing stands first" },
  { typed: "--context prod status", means: "status --context prod", why: "" },
  { typed: "--context=prod --json status -w", means: "status -w --context=prod --json", why: "" },
  { typed: "-o json shard show s1", means: "shard show s1 -o json", why: "" },
  { typed: "-ojson shard list", means: "shard list -ojson", why: "" },
  {
    typed: "--dir d cluster bind c1 -- x",
    means: "cluster bind c1 --dir d -- x",
    why: "what follows -- is no flag",
  },
  { typed: "--help", means: "--help", why: "is a command's place itself" },
  { typed: "--no-color", means: "--no-color", why: "there is no command" },
  { typed: "--context", means: "--context", why: "there is neither value nor command" },
  { typed: "--frob status", means: "--frob status", why: "refused as it stands" },
  { typed: "--reason x drain", means: "--reason x drain", why: "not a flag of every command" },
])("$typed means $means", ({ typed, means }) => expect(argvInOrder(typed.split(" ")).join(" ")).toBe(means));

test("they are the flags of every command that talks to a fleet", () => {
  const defined = Object.entries({ ...outputFlags, ...targetFlags }).flatMap(([name, flag]) => {
    const char = "char" in flag && flag.char !== undefined ? [`-${flag.char}`] : [];
    return [`--${name}`, ...char].map((word) => ({ word, hasValue: flag.type === "option" }));
  });
  const words = (hasValue: boolean) =>
    defined.filter((flag) => flag.hasValue === hasValue).map(({ word }) => word);
  expect([...VALUE_FLAGS].sort()).toEqual(words(true).sort());
  expect([...PLAIN_FLAGS].sort()).toEqual(words(false).sort());
});
