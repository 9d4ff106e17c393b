import { expect, test } from "vitest";
import { setEngine } from "../../../../src/client/files/engine-in-file.ts";
import { parseFleetFile } from "../../../../src/client/files/fleet-file.ts";

const TEXT = `schemaVersion: 1
name: local # ours
clusterId: c
profile: lan
nodes:
  - { id: 1, name: n1, address: 127.0.0.1:1001, etcdPort: 2001 }
  - { id: 2, name: n2, address: 127.0.0.1:1002, etcdPort: 2002 }
`;
const ENGINE = { etcd: ["127.0.0.1:2379"], prefix: "/fleet/local", ca: "/ca.crt" };

test("there and back, the file says the same, comments included", () => {
  const there = setEngine(TEXT, ENGINE, {});
  const parsed = parseFleetFile("fleet.yaml", there);
  expect([parsed.engine, parsed.nodes.map(({ etcdPort }) => etcdPort)]).toEqual([
    ENGINE,
    [undefined, undefined],
  ]);
  const back = setEngine(there, null, { n1: 2001, n2: 2002 });
  expect(parseFleetFile("fleet.yaml", back)).toEqual(parseFleetFile("fleet.yaml", TEXT));
  expect(back).toContain("# ours");
});

test("a fleet that never served keys gets no port for them", () => {
  const back = setEngine(setEngine(TEXT, ENGINE, {}), null, {});
  expect(parseFleetFile("fleet.yaml", back).nodes.map(({ etcdPort }) => etcdPort)).toEqual([
    undefined,
    undefined,
  ]);
});
