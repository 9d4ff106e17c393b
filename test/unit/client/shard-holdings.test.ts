import { expect, test } from "vitest";
import { holdingsOf, waitUntilEmpty } from "../../../src/client/shard-holdings.ts";
import { InstructionKind } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  ListClustersResponse,
  ListDomainsResponse,
  ListInstructionsResponse,
  ListQuotasResponse,
  ListShardsResponse,
} from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";

const more = { more: false };

/** A fleet whose shard s1 has let go of rack=z, which it has yet to accept at the first `looks` looks. */
function releasing(looks: number) {
  let left = looks;
  const release = { shardId: "s1", key: "rack", value: "z", kind: InstructionKind.UNASSIGN_DOMAIN };
  return {
    listShards: async () => ({
      ...ListShardsResponse.fromPartial({ shards: [{ shard: { shardId: "s1" } }] }),
      ...more,
    }),
    listClusters: async () => ({ ...ListClustersResponse.fromPartial({}), ...more }),
    listDomains: async () => ({ ...ListDomainsResponse.fromPartial({}), ...more }),
    listQuotas: async () => ({ ...ListQuotasResponse.fromPartial({}), ...more }),
    listInstructions: async () => {
      const instructions = left > 0 ? [release] : [];
      left -= 1;
      return { ...ListInstructionsResponse.fromPartial({ instructions }), ...more };
    },
  };
}

test("what a shard has been told and has not accepted is among what remains", async () => {
  expect(await holdingsOf(releasing(1), "s1")).toMatchObject({
    domains: [],
    instructions: ["unassign rack=z"],
  });
});

test("a drain is at its end when the shard has accepted the last release", async () => {
  const said: string[] = [];
  await waitUntilEmpty(releasing(1), "s1", 60_000, (words) => said.push(words));
  expect(said).toEqual(["1 pending instruction"]);
});

test("a release that is never accepted ends the wait as something that remains", async () => {
  const wait = waitUntilEmpty(releasing(Number.POSITIVE_INFINITY), "s1", 0, () => undefined);
  await expect(wait).rejects.toMatchObject({ code: "SHARD_STILL_IN_USE" });
});
