import { expect, test } from "vitest";
import { certificateLine, serveLine } from "../../../../src/client/member/serve-line.ts";

test.each([
  { address: "n2.fleet.internal:7400", host: "n2.fleet.internal", why: "as others dial it" },
  { address: "[fd00::2]:7400", host: "fd00::2", why: "an address in a certificate has no brackets" },
])("the certificate of a new member is for $host: $why", ({ address, host }) => {
  expect(certificateLine({ id: 5, name: "n2", address })).toBe(
    `fleet cert issue --authority DIR --role replica --name n2 --id 5 --host ${host} --out DIR`,
  );
});

test("the files of a node whose name is another number bear its own: fleet cert issue takes no other", () => {
  const member = { id: 5, name: "3", address: "10.0.0.3:7400", fleet: "prod", clusterId: "c" };
  expect(certificateLine(member)).toContain("--name 5 --id 5 ");
  expect(serveLine(member, { members: [] })).toContain("--id 5 --name 3 ");
  expect(serveLine(member, { members: [] })).not.toContain("encryption");
  expect(serveLine(member, { members: [] }, true)).toContain(" --data DIR --encryption-key-file FILE ");
  expect(serveLine(member, { members: [] })).toMatch(/--cert 5\.crt --key 5\.key$/);
});
