// Who a certificate speaks for, from the text that Node makes of its alternative names.

import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import {
  callerOf,
  formatIdentity,
  identityOfNames,
  identityOfSession,
} from "../../../../src/core/wire/tls/identity.ts";

const admin = { kind: "admin" } as const;
const material = { ca: Buffer.alloc(0), cert: Buffer.alloc(0), key: Buffer.alloc(0) };

test.each([
  { names: "URI:fleet://admin", identity: admin, why: "the operator" },
  {
    names: "DNS:localhost, URI:fleet://admin, IP Address:127.0.0.1",
    identity: admin,
    why: "other names do not count",
  },
  { names: "URI:fleet://readonly", identity: { kind: "readonly" }, why: "a reader" },
  {
    names: "URI:fleet://replica/3",
    identity: { kind: "replica", id: nodeId(3) },
    why: "a replica's id is a number",
  },
  { names: "URI:fleet://shard/s1", identity: { kind: "shard", id: "s1" }, why: "a shard" },
  { names: "URI:fleet://cluster/a.b-c", identity: { kind: "cluster", id: "a.b-c" }, why: "a cluster" },
  {
    names: "URI:fleet://admin, URI:https://example.com/x",
    identity: null,
    why: "two URIs, of whatever system: one may be what the authority was asked for, the other what it overlooked",
  },
  { names: "URI:spiffe://x/y, URI:fleet://admin", identity: null, why: "in either order" },
  { names: "URI:https://example.com/x", identity: null, why: "one URI, and not ours" },
  { names: 'URI:"fleet://admin"', identity: admin, why: "a quoted name is the same name" },
  { names: "", identity: null, why: "no names" },
  { names: "DNS:localhost", identity: null, why: "no URI" },
  { names: "URI:fleet://admin, URI:fleet://readonly", identity: null, why: "two identities are none" },
  { names: "URI:fleet://admin, URI:fleet://admin", identity: null, why: "not even twice the same" },
  {
    names: "URI:fleet://admin, URI:fleet://nonsense",
    identity: null,
    why: "a second one that means nothing",
  },
  { names: "DNS:fleet://admin", identity: null, why: "the type counts" },
  {
    names: 'DNS:"x, URI:fleet://admin"',
    identity: null,
    why: "a name inside a quoted name is no name (CVE-2021-44532)",
  },
  {
    names: 'URI:"fleet://admin\\u002c DNS:x"',
    identity: null,
    why: "the quoted text is one URI, and not ours",
  },
  { names: 'URI:"fleet://admin', identity: null, why: "an open quote spoils the whole list" },
  { names: "URI:fleet://admin/", identity: null, why: "nothing may follow" },
  { names: "URI:fleet://operator/alice", identity: { kind: "operator", id: "alice" }, why: "a person" },
  { names: "URI:fleet://operator/", identity: null, why: "an operator has a name" },
  { names: "URI:fleet://operator", identity: null, why: "an operator has a name" },
  { names: "URI:fleet://operator/Alice", identity: null, why: "in lower case, as all names" },
  { names: "URI:fleet://replica/0", identity: null, why: "ids begin at 1" },
  { names: "URI:fleet://replica/1e3", identity: null, why: "digits only" },
  { names: "URI:fleet://replica/9007199254740993", identity: null, why: "beyond the safe integers" },
  { names: "URI:fleet://cluster/", identity: null, why: "a name is needed" },
  { names: "URI:fleet://cluster/a/b", identity: null, why: "one path segment" },
  { names: "URI:fleet://cluster/A", identity: null, why: "not the alphabet of names" },
])("$names: $why", ({ names, identity }) => {
  expect(identityOfNames(names)).toEqual(identity);
});

test.each([
  "fleet://admin",
  "fleet://readonly",
  "fleet://replica/7",
  "fleet://shard/s1",
  "fleet://cluster/c1",
])("%s is written as it is read", (uri) => {
  const identity = identityOfNames(`URI:${uri}`);
  expect(identity && formatIdentity(identity)).toBe(uri);
});

test("a TLS server never takes a connection without a certificate for plaintext, where everybody is admin", () => {
  expect(identityOfSession(null, material)).toBeNull();
  expect(identityOfSession({ destroyed: false, socket: { destroyed: false } }, material)).toBeNull();
  expect(identityOfSession(null, "insecure-loopback")).toEqual(admin);
});

/** A connection with a certificate of these names, which may change. */
function sessionOf(names: string) {
  const socket = {
    ...{ destroyed: false, read: 0, names },
    getPeerCertificate: () => {
      socket.read += 1;
      return { subjectaltname: socket.names, serialNumber: "01" };
    },
  };
  const session: { destroyed: boolean; socket: typeof socket | undefined } = { destroyed: false, socket };
  return { session, socket };
}

test("a certificate is read once a session, and each session has its own", () => {
  const { session, socket } = sessionOf("URI:fleet://shard/s1");
  const shard = { kind: "shard", id: "s1" };
  expect([session, session].map((one) => identityOfSession(one, material))).toEqual([shard, shard]);
  expect(socket.read).toBe(1);
  expect(identityOfSession(sessionOf("URI:fleet://readonly").session, material)).toEqual({
    kind: "readonly",
  });
});

test.each([
  {
    ends: (session: { destroyed: boolean }) => Object.assign(session, { destroyed: true }),
    why: "the session",
  },
  {
    ends: ({ socket }: { socket?: object | undefined }) => Object.assign(socket ?? {}, { destroyed: true }),
    why: "the socket",
  },
  { ends: (session: object) => Object.assign(session, { socket: undefined }), why: "what held the socket" },
])("what was known of a session ends with $why", ({ ends }) => {
  const { session } = sessionOf("URI:fleet://admin");
  expect(identityOfSession(session, material)).toEqual(admin);
  ends(session);
  expect(identityOfSession(session, material)).toBeNull();
});

test("a certificate that names nobody is no more remembered than one that could not be read yet", () => {
  const { session, socket } = sessionOf("");
  expect(identityOfSession(session, material)).toBeNull();
  socket.names = "URI:fleet://admin";
  expect(identityOfSession(session, material)).toEqual(admin);
});

test("the caller of a stream is that of its session", () => {
  const { session } = sessionOf("URI:fleet://shard/s1");
  const call = { stream: { session } };
  expect(callerOf(call, material)).toEqual({ kind: "shard", id: "s1" });
  session.destroyed = true;
  expect(() => callerOf(call, material)).toThrow(/connection of this call is gone/);
});
