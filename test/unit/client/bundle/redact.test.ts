// What a log, a crash or a configuration may quote of a secret does not leave the machine.
import { expect, test } from "vitest";
import { redacted, redactedDeep } from "../../../../src/client/bundle/redact.ts";

const SECRET = "hunter2-Zm9vYmFy";

test.each([
  { text: `-----BEGIN EC PRIVATE KEY-----\n${SECRET}\n-----END EC PRIVATE KEY-----`, why: "a key" },
  { text: `-----BEGIN PRIVATE KEY-----\n${SECRET}`, why: "a key that is cut off" },
  { text: `get https://user:${SECRET}@store/x failed`, why: "an address with a password" },
  { text: `Authorization: Bearer ${SECRET}`, why: "a header" },
  { text: `{"authorization":"${SECRET}"}`, why: "a header in JSON" },
  { text: `AWS_SECRET_ACCESS_KEY=${SECRET}`, why: "a variable" },
  { text: `{"secretAccessKey":"${SECRET}"}`, why: "a field" },
  { text: `{"message":"{\\"sessionToken\\":\\"${SECRET}\\"}"}`, why: "a field in JSON in JSON" },
  { text: `vault kv get --token ${SECRET} fleet`, why: "a flag of a command" },
  { text: `password: '${SECRET}'`, why: "YAML" },
  { text: `https://b.s3/x?X-Amz-Signature=${SECRET}&y=1`, why: "a signed address" },
  { text: `"passphrase":"correct horse, ${SECRET}"`, why: "a value of several words" },
  { text: `{"secret":"a \\"quoted\\" ${SECRET}","b":1}`, why: "a value with quotes in it" },
  { text: `{"m":"{\\"token\\":\\"two ${SECRET}\\",\\"b\\":1}"}`, why: "several words in JSON in JSON" },
  { text: `login --password "two ${SECRET}" x`, why: "a flag's value of several words" },
  { text: `{"authorization":"Digest a, response=${SECRET}"}`, why: "a header of several parts" },
  { text: "key id AKIAIOSFODNN7EXAMPLE", secret: "AKIAIOSFODNN7EXAMPLE", why: "a key's id" },
])("$why is removed", ({ text, secret = SECRET }) => {
  expect(redacted(text)).not.toContain(secret);
  expect(redactedDeep({ a: [{ b: text }] })).toEqual({ a: [{ b: redacted(text) }] });
});

test.each([
  "n1 leads term 3",
  "a caller logged in  identity=fleet://admin  serial=C769D152",
  "key file /etc/fleet/admin.key has mode 0644",
])("%s stays", (text) => expect(redacted(text)).toBe(text));

test("what follows a quoted secret stays", () => {
  expect(redacted('{"secret":"a b","level":"info"}')).toBe('{"secret":"(removed)","level":"info"}');
});
