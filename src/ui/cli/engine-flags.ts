// The flags that choose what replicates a fleet's log (ADR-0054).

import { resolve } from "node:path";
import { Flags } from "@oclif/core";
import type { EngineEntry } from "../../client/files/fleet-file.ts";
import { isAddress } from "../../core/base/address.ts";
import { usage } from "../../core/base/errors.ts";

const PREFIX = /^\/[A-Za-z0-9._/-]{0,199}$/;

/** What chooses etcd: `fleet engine migrate` has a flag of its own for that. */
type Choice = "--engine etcd" | "--to etcd";

/** Where the etcd cluster is. */
export const etcdFlags = (choice: Choice) => ({
  etcd: Flags.string({
    helpValue: "HOST:PORT,…",
    summary: `With ${choice}: the members of the etcd cluster`,
  }),
  "etcd-prefix": Flags.string({
    helpValue: "/PATH",
    summary: `With ${choice}: all keys of this fleet begin with it (default: /fleet/ and the fleet's name)`,
  }),
  "etcd-ca": Flags.string({
    summary: `With ${choice}: authority of its servers (default: no TLS, on loopback only)`,
  }),
  "etcd-cert": Flags.string({
    dependsOn: ["etcd-ca", "etcd-key"],
    summary: `With ${choice}: client certificate`,
  }),
  "etcd-key": Flags.string({ dependsOn: ["etcd-cert"], summary: `With ${choice}: its private key` }),
});

export const engineFlags = {
  engine: Flags.option({
    options: ["embedded", "etcd"] as const,
    summary:
      "What replicates the fleet's log: Raft among the coordinators, or an existing etcd cluster (default: embedded)",
  })(),
  ...etcdFlags("--engine etcd"),
};

interface GivenEngine {
  readonly engine?: "embedded" | "etcd" | undefined;
  readonly etcd?: string | undefined;
  readonly "etcd-prefix"?: string | undefined;
  readonly "etcd-ca"?: string | undefined;
  readonly "etcd-cert"?: string | undefined;
  readonly "etcd-key"?: string | undefined;
}

/** The etcd cluster that the flags name, for the fleet called `fleet`; null = the embedded engine. */
export function etcdEngine(flags: GivenEngine & { readonly fleet: string }) {
  const entry = engineEntry(flags, flags.fleet);
  if (entry === undefined) return null;
  const { etcd: addresses, prefix, ca, cert, key } = entry;
  return { addresses, prefix, tls: ca === undefined ? ("insecure-loopback" as const) : { ca, cert, key } };
}

/** The same for fleet.yaml: full paths. */
export function engineEntry(
  flags: GivenEngine,
  fleet: string,
  choice: Choice = "--engine etcd",
): EngineEntry | undefined {
  const { engine, etcd, "etcd-ca": ca, "etcd-cert": cert, "etcd-key": key } = flags;
  if (engine !== "etcd") {
    const given = [etcd, flags["etcd-prefix"], ca].some((value) => value !== undefined);
    if (given) throw usage(`--etcd and its other flags need ${choice}`, `add ${choice}, or leave them out`);
    return undefined;
  }
  if (etcd === undefined)
    throw usage(`${choice} needs the etcd cluster's members`, "add --etcd HOST:PORT,HOST:PORT");
  const addresses = etcd.split(",").map((address) => address.trim());
  const wrong = addresses.find((address) => !isAddress(address));
  if (wrong !== undefined)
    throw usage(`${JSON.stringify(wrong)} in --etcd is not host:port`, "write --etcd 10.0.0.1:2379");
  const prefix = flags["etcd-prefix"] ?? `/fleet/${fleet}`;
  if (!PREFIX.test(prefix)) {
    throw usage(
      "--etcd-prefix has characters that a prefix can't have",
      "begin with / and use letters, digits, . _ - /",
    );
  }
  return { etcd: addresses, prefix, ...fullPaths({ ca, cert, key }) };
}

const fullPaths = (files: { ca: string | undefined; cert: string | undefined; key: string | undefined }) =>
  Object.fromEntries(
    Object.entries(files).flatMap(([name, path]) => (path === undefined ? [] : [[name, resolve(path)]])),
  );

/** The key space and further groups are the embedded engine's: the user's etcd has keys already. */
export function refuseOwnKeys(flags: {
  readonly engine?: "embedded" | "etcd" | undefined;
  readonly "etcd-listen"?: string | undefined;
  readonly groups: number;
}): void {
  if (flags.engine !== "etcd") return;
  if (flags["etcd-listen"] !== undefined) {
    throw usage("--etcd-listen needs the embedded engine", "ask the etcd cluster itself for keys");
  }
  if (flags.groups > 0) throw usage("--groups needs the embedded engine", "leave --groups out");
}
