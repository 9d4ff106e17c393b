// Makes certificates for hostile callers, starts their process, and ends it.

import { type ChildProcess, fork } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { issueCertificate, type PemPair } from "../../src/client/cert/certs.ts";
import { authorityFiles } from "../../src/client/files/layout.ts";
import type { LocalFleet } from "../../src/client/files/local-fleet.ts";
import { present } from "../../src/core/base/assert.ts";
import { MALFORMED } from "../../test/security/malformed-names.ts";
import { oddCertificate } from "../../test/security/odd-certificates.ts";
import type { Told } from "./attackers-child.ts";
import { HOLDERS } from "./holders.ts";
import type { World } from "./world.ts";

const CHILD = fileURLToPath(new URL("attackers-child.ts", import.meta.url));
/** Identities of the crowd: a tenant has a few connections, not thousands. */
const CONNECTIONS_AN_IDENTITY = 5;

export interface CrowdSize {
  readonly connections: number;
  readonly streamsEach: number;
}

/** Certificates of the fleet's own authority, whose key an attacker has not: each was stolen or is a tenant's. */
export async function worldOf(
  fleet: LocalFleet,
  size: CrowdSize,
  attacks: readonly string[] = [],
): Promise<World> {
  const files = authorityFiles(fleet.directory);
  const authority: PemPair = {
    certificate: await readFile(files.cert, "utf8"),
    key: await readFile(files.key, "utf8"),
  };
  const count = Math.ceil(size.connections / CONNECTIONS_AN_IDENTITY);
  const crowd = Array.from(
    { length: count },
    (_, at) => `fleet://${at % 2 === 0 ? "cluster" : "shard"}/crowd-${at}`,
  );
  const pairs: Record<string, PemPair> = {};
  for (const uri of [...Object.values(HOLDERS), ...crowd]) {
    pairs[uri] = await issueCertificate(authority, { commonName: "soak", uri, days: 1 });
  }
  for (const [name, names] of Object.entries(MALFORMED)) {
    pairs[name] = await oddCertificate(authority, { names });
  }
  const addressOf = (role: string) =>
    fleet.processes.flatMap((plan) => (plan.role === role && plan.address !== null ? [plan.address] : []));
  return {
    ...{ authority: authority.certificate, clusterId: fleet.file.clusterId, pairs, crowd, ...size },
    attacks,
    odd: Object.keys(MALFORMED),
    coordinators: addressOf("coordinator"),
    etcd: fleet.processes.flatMap(({ etcd }) => etcd ?? []),
    metrics: fleet.processes.flatMap(({ metrics }) => metrics ?? []),
    shard: present(addressOf("shard")[0], "the soak's fleet has a shard"),
  };
}

type Of<Kind extends Told["kind"]> = Extract<Told, { kind: Kind }>;

export class Attackers {
  readonly #child: ChildProcess;

  constructor(world: World) {
    this.#child = fork(CHILD, { detached: true, stdio: ["pipe", "inherit", "inherit", "ipc"] });
    process.on("exit", this.#end);
    this.#child.stdin?.end(JSON.stringify(world));
  }

  /** Opens the crowd's connections. */
  gather(): Promise<Of<"gathered">> {
    return this.#ask("gather", "gathered");
  }

  /** From now on every actor plays. */
  begin(): void {
    this.#child.send("begin");
  }

  /** What they came to. */
  async stop(): Promise<Of<"stopped">> {
    const last = await this.#ask("stop", "stopped");
    this.dispose();
    return last;
  }

  dispose(): void {
    this.#end();
    process.off("exit", this.#end);
  }

  readonly #end = (): void => {
    this.#child.kill("SIGKILL");
  };

  #ask<Kind extends Told["kind"]>(word: string, kind: Kind): Promise<Of<Kind>> {
    return new Promise((resolve, reject) => {
      const told = (message: Told) => {
        if (message.kind !== kind) return;
        this.#child.off("exit", ended);
        this.#child.off("message", told);
        resolve(message as Of<Kind>);
      };
      const ended = () => reject(new Error("the process of the hostile callers ended"));
      this.#child.on("message", told);
      this.#child.once("exit", ended);
      this.#child.send(word);
    });
  }
}
