// Who may import whom (design, "Rooms"). An import that is not in the table is refused; a room that is not in it,
// too. Types of a room marked with "(types)" may be imported by `import type` only.

import { expect, test } from "vitest";
import { importsOf, sourceFiles } from "./source-files.ts";

// Generated messages and enums without a service: importing their values loads no gRPC.
const VALUES = ["src/core/wire/gen/fleet/v1/command.ts", "src/core/wire/gen/fleet/v1/views.ts"];

const ROOMS: Readonly<Record<string, readonly string[]>> = {
  "src/core/base": [],
  "src/core/raft": ["src/core/base"],
  "src/core/metrics": ["src/core/base"],
  "src/core/wire": ["src/core/base"],
  "src/core/fleet": ["src/core/base", "src/core/wire/gen (types)", ...VALUES],
  "src/core/kv": [
    "src/core/base",
    // The one hash of rows, the one map that is copied in O(1), and work in slices.
    "src/core/fleet/tables/row-hash.ts",
    "src/core/fleet/tables/ordered-map.ts",
    "src/core/fleet/slices.ts",
    "src/core/fleet/command-codec.ts",
    "src/core/wire/gen (types)",
    "src/core/wire/gen/etcd/mvccpb/kv.ts",
    "src/core/wire/gen/fleet/v1/key_command.ts",
  ],
  "src/core/etcd-log": ["src/core/base", "src/core/wire/gen/fleet/v1/etcd_log.ts"],
  // What a chain of audit entries proves, for who exports it and for who verifies it.
  "src/core/audit": ["src/core/base", "src/core/fleet", "src/core/wire/gen (types)"],
  "src/core/seal": ["src/core/base"],
  "src/core/storage": [
    "src/core/base",
    "src/core/seal",
    "src/core/raft (types)",
    "src/core/raft/message.ts",
    "src/core/raft/entry-size.ts",
  ],
  "src/core/transport": ["src/core/base", "src/core/raft (types)", "src/core/wire"],
  "src/core/coordinator": [
    "src/core/base",
    "src/core/seal",
    "src/core/raft",
    "src/core/fleet",
    "src/core/kv",
    "src/core/etcd-log",
    "src/core/audit",
    "src/core/wire",
    "src/core/storage",
    "src/core/transport",
    "src/core/metrics",
    "src/core/export",
  ],
  "src/core/export": [
    "src/core/base",
    "src/core/seal",
    "src/core/fleet/snapshot/snapshot.ts",
    "src/core/wire/gen/fleet/v1/coordinator.ts (types)",
  ],
  "src/core/shard": ["src/core/base", "src/core/wire", "src/core/metrics"],
  "src/core/agent": ["src/core/base", "src/core/wire", "src/core/metrics"],
  "src/core/check": ["src/core/base"],
  "src/core/sim": [
    "src/core/base",
    "src/core/seal",
    "src/core/raft",
    "src/core/fleet",
    "src/core/kv",
    "src/core/coordinator",
    "src/core/storage",
    "src/core/transport",
    "src/core/check",
    "src/core/wire/gen",
    "src/core/wire/rpc-error.ts",
    "src/core/wire/server/internal-errors.ts",
  ],
  "src/core/drill": ["src/core/base", "src/core/check", "src/core/wire/gen"],
  "src/core/rebind": ["src/core/base", "src/core/wire/gen"],
  "src/core/recover": ["src/core/base", "src/core/raft", "src/core/fleet", "src/core/wire/gen"],
  // The load generator's actors follow a real shard's own rules, so that there is no second set of them.
  "src/core/lab": [
    "src/core/base",
    "src/core/shard/binding-table.ts",
    "src/core/shard/domain-table.ts",
    "src/core/shard/report.ts",
    "src/core/wire/gen (types)",
    ...VALUES,
  ],
  // A local fleet, from the machine upwards: its processes, its files, certificates and contexts, and what starts it.
  "src/client/processes": ["src/core/base"],
  "src/client/files": ["src/core/base", "src/core/seal (types)", "src/core/wire", "src/client/processes"],
  "src/client/logs": ["src/core/base", "src/client/files"],
  "src/client/context": [
    "src/core/base",
    "src/core/wire (types)",
    "src/client/files",
    "src/client/processes",
  ],
  "src/client/cert": [
    "src/core/base",
    "src/core/wire",
    "src/client/context",
    "src/client/files",
    "src/client/processes",
    "src/client/fleet-client.ts",
  ],
  "src/client/local": [
    "src/core/base",
    "src/core/seal (types)",
    "src/core/wire",
    // Whether a folder may be started at all.
    "src/core/storage/recovery-mark.ts",
    "src/client/cert",
    "src/client/context",
    "src/client/files",
    "src/client/processes",
  ],
  // Offline: it rewrites a stopped node's files, so there is no server to ask.
  "src/client/recover": [
    "src/core/base",
    "src/core/seal",
    "src/core/raft (types)",
    "src/core/wire",
    "src/core/storage",
    "src/core/recover",
    "src/client",
  ],
  // Offline: it carries a stopped fleet's log into etcd, and back into files.
  "src/client/engine": [
    "src/core/base",
    "src/core/seal (types)",
    "src/core/raft (types)",
    "src/core/fleet",
    "src/core/etcd-log",
    "src/core/wire",
    "src/core/storage",
    "src/core/recover",
    "src/client",
  ],
  // Offline: it makes a stopped node's files.
  "src/client/snapshot": [
    "src/core/base",
    "src/core/seal",
    "src/core/wire",
    "src/core/storage",
    "src/core/export",
    "src/core/recover",
    "src/client",
  ],
  // Recomputes what the fleet's own rules come to.
  "src/client/audit": [
    "src/core/base",
    "src/core/audit",
    "src/core/seal",
    "src/core/wire/gen (types)",
    "src/client",
  ],
  // What host programs import: a replica in their process, or a client.
  "src/client/embed/coordinator.ts": [],
  "src/client/embed": [
    "src/core/base",
    "src/core/coordinator",
    "src/core/kv/check-request.ts",
    "src/core/wire",
    "src/client/etcd",
    "src/client/processes",
  ],
  "src/client": [
    "src/core/base",
    "src/core/seal (types)",
    "src/core/wire",
    "src/core/check",
    "src/core/drill",
    "src/core/rebind",
    "src/core/export (types)",
    "src/core/lab",
  ],
  "src/ui/model": [
    "src/core/base",
    "src/core/wire/gen (types)",
    ...VALUES,
    // What the client found is declared once, by the client.
    "src/client (types)",
    // One bound for what clients judge and what is said of it.
    "src/core/wire/tls/certificate-age.ts",
    "src/core/wire/data-plane-health.ts",
    // How many waves a plan has follows from the rule that cuts them.
    "src/core/rebind/waves/cut-waves.ts",
    "src/core/rebind (types)",
    "src/core/audit (types)",
    "src/core/recover (types)",
  ],
  "src/ui/view": ["src/ui/model"],
  "src/ui/cli": [
    "src/core/base",
    "src/core/seal",
    "src/core/recover (types)",
    "src/core/wire (types)",
    "src/core/drill",
    "src/core/rebind",
    // The port beside a role is every role's, so no role opens it.
    "src/core/metrics",
    "src/core/lab (types)",
    "src/client",
    "src/ui/model",
  ],
  "src/ui": ["src/core/base", "src/core/wire (types)", "src/client (types)"],
  "src/commands/serve": [
    "src/core/base",
    "src/core/wire (types)",
    "src/core/coordinator",
    "src/core/shard",
    "src/core/agent",
    "src/core/metrics",
    "src/core/export/open-store.ts",
    "src/ui/cli",
    "src/ui/model",
  ],
  // What starts without oclif's configuration.
  "src/main.ts": ["src/commands", "src/ui/cli"],
  // Offline: it reads a stopped node's files, so there is no server to ask.
  "src/commands/verify.ts": [
    "src/core/base",
    "src/core/storage",
    "src/core/fleet",
    "src/core/kv",
    "src/ui/cli",
    "src/ui/model",
  ],
  "src/commands": [
    "src/core/base",
    "src/core/seal",
    "src/core/wire (types)",
    "src/core/drill",
    "src/core/rebind",
    "src/core/lab",
    "src/core/recover (types)",
    "src/core/audit (types)",
    "src/core/export",
    "src/client",
    "src/ui",
  ],
};

const PURE = [
  "src/core/raft",
  "src/core/etcd-log",
  "src/core/fleet",
  "src/core/kv",
  "src/core/check",
  "src/core/drill",
  "src/core/rebind",
  "src/core/lab",
  "src/core/recover",
  "src/core/audit/check-chain.ts",
  "src/core/audit/merge-files.ts",
  "src/core/audit/compare.ts",
  "src/client/etcd/contention.ts",
  "src/client/etcd/etcd-errors.ts",
  "src/client/etcd/key-range.ts",
  "src/client/etcd/txn-text.ts",
  "src/client/etcd/txn-words.ts",
  "src/client/etcd/watch-position.ts",
  "src/ui/model",
];
const FORBIDDEN_IN_PURE =
  /\b(async|await|Promise|Date|Math\.random|setTimeout|setInterval|setImmediate|console)\b|(?<!\.)\bprocess\./;

const files = sourceFiles("src/**/*.{ts,tsx}");

/** Whether `path` is the room or file `place`, or lies in it. */
function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

/** The most specific room that holds a path. */
function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((room) => isWithin(path, room))
    .sort((a, b) => b.length - a.length)[0];
}

function mayImport(room: string, target: string, isTypeOnly: boolean): boolean {
  if (target.startsWith(`${room}/`)) return true;
  return (ROOMS[room] ?? []).some((allowed) => {
    const typesOnly = allowed.endsWith(" (types)");
    const prefix = allowed.replace(" (types)", "");
    return isWithin(target, prefix) && (!typesOnly || isTypeOnly);
  });
}

test("every file is in a room", () => {
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => roomOf(file.path) === undefined).map((file) => file.path)).toEqual([]);
});

test("rooms import only what the table allows", () => {
  const wrong = files.flatMap((file) => {
    const room = roomOf(file.path) ?? "";
    return importsOf(file)
      .filter((found) => found.isLocal && !mayImport(room, found.target, found.isTypeOnly))
      .map((found) => `${file.path} imports ${found.target}`);
  });
  expect(wrong).toEqual([]);
});

test("every pure room or file is there", () => {
  const absent = PURE.filter((pure) => !files.some((file) => isWithin(file.path, pure)));
  expect(absent).toEqual([]);
});

test("pure rooms hold no clock, chance, I/O or waiting", () => {
  const wrong = files
    .filter((file) => PURE.some((pure) => isWithin(file.path, pure)))
    .flatMap((file) => {
      const impure = importsOf(file).filter((found) => found.target.startsWith("node:"));
      const words = code(file.text).match(FORBIDDEN_IN_PURE);
      return [
        ...impure.map((found) => `${file.path}: ${found.target}`),
        ...(words ? [`${file.path}: ${words[0]}`] : []),
      ];
    });
  expect(wrong).toEqual([]);
});

/** The text without comments and string literals, where any word may stand. */
function code(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\/\/.*$/gm, "")
    .replace(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, '""');
}
