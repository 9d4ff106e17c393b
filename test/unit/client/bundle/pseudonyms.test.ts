// --anonymize: one name has one pseudonym, wherever it stands, and none of the names stays.
import { expect, test } from "vitest";
import { Pseudonyms } from "../../../../src/client/bundle/pseudonyms.ts";

const KEY = new Uint8Array(32).fill(7);
const NAMES = [
  "acme-team",
  "acme-web",
  "acme-eu",
  "acme-payments",
  "acme-n1",
  "db.acme.example",
  "acme-zone",
  "acme-ann",
  "10.1.2.3",
];
const reply = {
  shards: [{ shard: { shardId: "acme-eu", address: "db.acme.example:7101", zone: "acme-zone", version: 7 } }],
  clusters: [
    {
      clusterId: "acme-payments",
      declared: { shardId: "acme-eu" },
      drift: 2,
      labels: { entries: { "acme-team": "acme-web" } },
    },
  ],
  entries: [
    {
      actor: "fleet://operator/acme-ann",
      reason: "ann asked for it",
      what: "bind cluster acme-payments to shard acme-eu",
      metadata: { cluster: "acme-payments", count: "3" },
    },
  ],
  free: { freeByZone: { "acme-zone": 4 } },
};

const text = `acme-n1 at 10.1.2.3:7001 and [fd00::1]:7 refuses acme-eu: /home/ann/fleet/x /opt/fleet/dist/core/a.js:3`;

test("no name, address or folder stays, and what joins rows still joins them", () => {
  const names = new Pseudonyms(KEY);
  names.learn(reply);
  names.learn({ node: "acme-n1" });
  const hidden = names.apply(reply) as typeof reply;
  const shown = JSON.stringify(hidden) + names.text(text);
  for (const name of [...NAMES, "ann", "fd00"]) expect(shown).not.toContain(name);
  expect(hidden.clusters[0]?.declared.shardId).toBe(hidden.shards[0]?.shard.shardId);
  expect(hidden.entries[0]?.what).toMatch(/^bind cluster x[0-9a-f]{10} to shard x[0-9a-f]{10}$/);
  expect(hidden.entries[0]?.reason).toBe("(left out)");
  expect(names.text(text)).toContain("/…/dist/core/a.js:3");
});

test("numbers, enums and fleet's own words stay", () => {
  const names = new Pseudonyms(KEY);
  names.learn(reply);
  expect(names.apply(reply)).toMatchObject({
    shards: [{ shard: { version: 7 } }],
    clusters: [{ drift: 2 }],
    entries: [{ metadata: { count: "3" } }],
  });
});

test("another bundle has other pseudonyms", () => {
  const [one, other] = [new Pseudonyms(KEY), new Pseudonyms(new Uint8Array(32))];
  for (const names of [one, other]) names.learn(reply);
  expect(one.text("acme-eu")).not.toBe(other.text("acme-eu"));
});

test("the key that a denied call named, and the names of a role's rules, are replaced", () => {
  const names = new Pseudonyms(KEY);
  const denied = { msg: "a call was denied", what: 'read key "acme-jobs/invoice-7"' };
  const role = { rules: [{ verbs: ["write"], table: "key", names: ["acme-jobs/*"] }] };
  names.learn([denied, role]);
  const shown = JSON.stringify(names.apply([denied, role]));
  for (const name of ["acme-jobs", "invoice-7"]) expect(shown).not.toContain(name);
  expect(shown).toMatch(/read key \\"x[0-9a-f]{10}\/x[0-9a-f]{10}\\"/);
});
