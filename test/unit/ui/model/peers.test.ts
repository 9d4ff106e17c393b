import { expect, test } from "vitest";
import { parsePeers } from "../../../../src/ui/model/peers.ts";

test("replicas, and which of them this one is", () => {
  const { replicas, self } = parsePeers("1=n1@a:1,2147483647=n2@b:2", 1, "n1");
  expect(self).toBe(1);
  expect(replicas).toEqual([
    { id: 1, name: "n1", address: "a:1" },
    { id: 2 ** 31 - 1, name: "n2", address: "b:2" },
  ]);
});

test.each([
  { text: "1=n1@a:1,2147483648=n2@b:2", why: "beyond the bound of members' numbers" },
  { text: "1=n1@a:1,9007199254740992=n2@b:2", why: "the log could not tell it from its neighbour" },
  { text: "1=n1@a:1,0=n2@b:2", why: "0 is nobody" },
  { text: "1=n1@a:1,1=n2@b:2", why: "twice" },
  { text: "2=n2@b:2", why: "this one is missing" },
])("$text is wrong usage: $why", ({ text }) => {
  expect(() => parsePeers(text, 1, "n1")).toThrow("is not a list of replicas");
});
