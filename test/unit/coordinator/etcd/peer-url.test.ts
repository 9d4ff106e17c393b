import { expect, test } from "vitest";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { addressOfUrls } from "../../../../src/core/coordinator/etcd/peer-url.ts";

test.each([
  { url: "https://n4.fleet.internal:7400", address: "n4.fleet.internal:7400" },
  { url: " https://[::1]:7400 ", address: "[::1]:7400" },
])("$url is $address", ({ url, address }) => expect(addressOfUrls([url], "https")).toBe(address));

// etcd's own cases, of TestMemberAddUpdateWrongURLs.
test.each([
  "://127.0.0.1:2379",
  "mailto://127.0.0.1:2379",
  "http://127.0.0.1",
  "http://127.0.0.1:2379/path",
  "127.0.0.1:1234",
  "localhost:1234",
])("%s is refused as etcd does it", (url) => {
  expect(() => addressOfUrls([url], "http")).toThrow(ETCD_ERRORS.memberBadUrls);
});

test.each([
  { urls: ["http://n4:7400"], why: "its peers use TLS" },
  { urls: ["unix://n4:7400"], why: "it has no such sockets" },
  { urls: ["https://n4:7400", "https://n4:7401"], why: "it has one address" },
])("what etcd would take and a fleet does not is told: $why", ({ urls }) => {
  const text = "etcdserver: given member URLs are invalid: a member of this fleet has one, https://HOST:PORT";
  expect(() => addressOfUrls(urls, "https")).toThrow(text);
});
