// `fleet snapshot` and a bucket whose server checks every signature. An operator with the secret saves, lists,
// verifies and restores. One without it is told so, and leaves nothing behind.

import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ran, runProgram, TestFleet } from "./local-fleet.ts";
import { refusalOf } from "./request-signature.ts";
import { S3_USER, S3Server } from "./s3-server.ts";

let server: S3Server;
let fleet: TestFleet;

beforeAll(async () => {
  server = await S3Server.open();
  fleet = await TestFleet.init("--nodes", "1");
});
afterAll(async () => {
  await fleet.dispose();
  await server.close();
});

function as(user: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ran> {
  return runProgram(args, { cwd: fleet.home, env: { ...fleet.env, ...user } });
}

const commands = (place: string): readonly (readonly string[])[] => [
  ["snapshot", "save", "--to", place],
  ["snapshot", "list", "--from", place],
  ["snapshot", "verify", "--all", "--from", place],
  ["snapshot", "restore", "--from", place, "--data", join(fleet.home, "restored"), "--yes"],
];

const STRANGERS = [
  { user: { ...S3_USER, AWS_SECRET_ACCESS_KEY: "not-the-secret" }, says: "SignatureDoesNotMatch" },
  { user: { ...S3_USER, AWS_ACCESS_KEY_ID: "nobody" }, says: "InvalidAccessKeyId" },
];

test.each(STRANGERS)("$says: each command says so, and nothing is made", async ({ user, says }) => {
  for (const command of commands(server.place("closed"))) {
    const ran = await as(user, ...command);
    expect(ran, command.join(" ")).toMatchObject({ exit: 4, stdout: "" });
    expect(ran.stderr).toContain("FLEET_E_SNAPSHOT_STORE_DENIED");
    expect(ran.stderr).toContain(`${says} (403)`);
    expect(ran.stderr).toContain("AWS_SECRET_ACCESS_KEY");
    expect(ran.stderr).not.toContain(user.AWS_SECRET_ACCESS_KEY);
  }
  expect(await readdir(fleet.home)).not.toContain("restored");
  const { stdout } = await as(S3_USER, "snapshot", "list", "--from", server.place("closed"), "--json");
  expect(JSON.parse(stdout)).toMatchObject({ snapshots: [] });
});

test("who has the secret saves, lists, verifies and restores", async () => {
  for (const command of commands(server.place("open"))) {
    const ran = await as(S3_USER, ...command);
    expect(ran, ran.stderr).toMatchObject({ exit: 0 });
  }
  expect(await readdir(join(fleet.home, "restored"))).not.toEqual([]);
});

// The example of the documentation, "GET Object" in "Signature Calculations for the Authorization Header".
const EXAMPLE = {
  method: "GET",
  url: "/test.txt",
  headers: {
    host: "examplebucket.s3.amazonaws.com",
    range: "bytes=0-9",
    "x-amz-content-sha256": createHash("sha256").digest("hex"),
    "x-amz-date": "20130524T000000Z",
    authorization:
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
};

test.each([
  { change: {}, body: "", refusal: null, why: "as documented" },
  { change: { method: "PUT" }, body: "", refusal: "SignatureDoesNotMatch", why: "another method" },
  { change: { url: "/test.txt?a=b" }, body: "", refusal: "SignatureDoesNotMatch", why: "another query" },
  { change: { url: "/other.txt" }, body: "", refusal: "SignatureDoesNotMatch", why: "another object" },
  { change: {}, body: "more", refusal: "XAmzContentSHA256Mismatch", why: "another body" },
  { change: { headers: {} }, body: "", refusal: "AccessDenied", why: "no signature" },
])("what this server's door makes of a request: $refusal, $why", ({ change, body, refusal }) => {
  const secrets = new Map([["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]]);
  expect(refusalOf({ ...EXAMPLE, ...change }, Buffer.from(body), secrets)).toBe(refusal);
});
