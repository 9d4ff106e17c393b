// A command for a store that speaks etcd's API: which cluster is meant, and a client to it that is closed at the end.
// The client, and gRPC with it, is loaded only when a command runs.
import { Flags } from "@oclif/core";
import type { ContextColor, Target } from "../../client/context/target.ts";
import type { EtcdClient } from "../../client/etcd/etcd-client.ts";
import { allowChange } from "./allow-change.ts";
import { BaseCommand } from "./base-command.ts";
import { confirmByName } from "./confirm.ts";
import { callTimeoutFlag, type TargetFlagValues, targetFlags } from "./fleet-flags.ts";
import { outputFlags } from "./output-flags.ts";

const etcdFlags = {
  ...targetFlags,
  "etcd-endpoints": Flags.string({
    summary: "Nodes of an etcd cluster as host:port, comma-separated",
    helpGroup: "WHICH FLEET",
  }),
  timeout: callTimeoutFlag(),
};

export interface EtcdFlagValues extends TargetFlagValues {
  readonly "etcd-endpoints": string | undefined;
  readonly timeout: number;
}

/** Flags of every command that changes keys or leases. */
export const storeChangeFlags = {
  reason: Flags.string({ summary: "Why; the context's beforeChange hook gets it" }),
};

export interface StoreChangeValues extends EtcdFlagValues {
  readonly reason: string | undefined;
}

export abstract class EtcdCommand extends BaseCommand {
  static override baseFlags = { ...outputFlags, ...etcdFlags };

  readonly #clients: EtcdClient[] = [];
  #target: Target | null = null;

  /** The cluster that flags, FLEET_* variables and contexts mean, in this order. Throws `OperatorError`. */
  protected async target(flags: EtcdFlagValues): Promise<Target> {
    if (this.#target !== null) return this.#target;
    const { findStore } = await import("../../client/etcd/find-store.ts");
    const { dir, context, endpoints, ca, cert, key, "insecure-loopback": insecureLoopback } = flags;
    const given = { dir, context, endpoints, ca, cert, key, insecureLoopback };
    const input = { ...given, env: process.env, cwd: process.cwd() };
    this.#target = await findStore(input, flags["etcd-endpoints"], flags.timeout);
    return this.#target;
  }

  protected async store(flags: EtcdFlagValues): Promise<EtcdClient> {
    return await this.connect(await this.target(flags), flags.timeout);
  }

  /** A client to change something with. Throws when the context does not want it. */
  protected async writableStore(flags: StoreChangeValues): Promise<EtcdClient> {
    await allowChange(await this.target(flags), this.words, flags.reason);
    return await this.store(flags);
  }

  protected async connect(target: Target, timeoutMs: number): Promise<EtcdClient> {
    const { connectStore } = await import("../../client/etcd/connect-store.ts");
    const client = connectStore(target, timeoutMs);
    this.#clients.push(client);
    return client;
  }

  /** Asks for the cluster's name to be typed out. Throws NOT_CONFIRMED. */
  protected async confirm(name: string, question: string, yes: boolean): Promise<void> {
    await confirmByName(name, question, yes, this.look(process.stderr).paint);
  }

  protected override contextColor(): ContextColor | undefined {
    return this.#target?.color;
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    for (const client of this.#clients) client.close();
    await super.finally(error);
  }
}
