// "-" is standard input wherever a command reads a file that an operator names.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { program, TestFleet } from "../integration/local-fleet.ts";

let home: TestFleet;

beforeAll(async () => {
  home = await TestFleet.empty();
});
afterAll(() => home.dispose());

async function fed(line: string, input: string): Promise<string> {
  const child = spawn(process.execPath, [program, ...line.split(" ")], { cwd: home.home, env: home.env });
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return stdout + stderr;
}

/** Each says something about the text that it was given, and nothing about a file of the name "-". */
test.each([
  { line: "drill compare - -", says: "Unexpected token" },
  { line: "drill plan -", says: "-:1: the file must be a mapping" },
  { line: "rebind apply - --yes", says: "-:1: the file must be a mapping" },
  { line: "rebind plan --file - --to s1", says: "line 1 of - is not a cluster's name" },
  { line: "domain move --file -", says: "row 1: it needs a key and a value" },
  { line: "kv txn -", says: "line 1" },
  { line: "kv put k --file -", says: "CONTEXT_MISSING" },
  { line: "key decrypt -", says: "not json" },
  { line: "audit verify -", says: "malformed" },
  { line: "init --shards 1 --machines -", says: "-:1: the file must be a mapping" },
  { line: "status --from -", says: "- is not an archive that this version can show" },
  { line: "top --once --from -", says: "it is not a bundle" },
  { line: "logs --from -", says: "it is not a bundle" },
  { line: "top --once --replay -", says: "it is damaged" },
  { line: "cert revoke -", says: "- is not a serial number, an identity or a certificate file" },
])("fleet $line", async ({ line, says }) => {
  const said = await fed(line, "not json");
  expect(said).toContain(says);
  expect(said).not.toContain("ENOENT");
});

test("an argument that is missing is not taken from standard input", async () => {
  expect(await fed("cluster show", "c1\n")).toContain("FLEET_E_USAGE");
});
