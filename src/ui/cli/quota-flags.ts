// Flags that name a quota, and the slices that shards have of it.
import { Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { indexFlag } from "./fleet-flags.ts";

export const quotaFlags = {
  provider: Flags.string({ required: true, summary: "The provider" }),
  region: Flags.string({ required: true, summary: "The region" }),
  "expect-version": indexFlag(0, "Only if the quota is at this version now (0: only if it does not exist)"),
};

interface Slice {
  readonly shardId: string;
  readonly amount: number;
}

export const sliceFlag = Flags.custom<Slice>({
  helpValue: "SHARD=AMOUNT",
  parse: async (text) => {
    const [, shardId, digits] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
    const amount = Number(digits);
    if (shardId !== undefined && Number.isSafeInteger(amount)) return { shardId, amount };
    throw new OperatorError("USAGE", {
      what: `${text} is not a slice of a quota`,
      next: "give it as SHARD=AMOUNT, for example s1=2000",
      exit: Exit.Usage,
    });
  },
});
