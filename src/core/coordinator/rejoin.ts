// The asking side of readmission (ADR-0002): a replica that finds its data folder empty, although the fleet
// already exists, marks it, takes no part in elections, and asks its peers until it is a voter again.
// The mark survives restarts, so that a half-restored replica does not vote either, and one that is whole does.

import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ChannelCredentials, ChannelOptions } from "@grpc/grpc-js";
import { syncDirectory, writeFileDurably } from "../base/durable-file.ts";
import { logIndex, type NodeId } from "../base/ids.ts";
import type { Peer } from "../transport/transport.ts";
import { RaftClient } from "../wire/gen/fleet/v1/raft.ts";
import { unary } from "../wire/unary.ts";
import type { Holding, Readmission } from "./readmission.ts";

const ASK_TIMEOUT_MS = 1_000;

const LOST = "lost: see docs/adr/0002-rejoin.md\n";
const WHOLE = "whole: see docs/adr/0002-rejoin.md\n";

/** The mark in a data folder that says "this replica lost its disk and does not yet know itself a voter again". */
export class RejoinMark {
  readonly #path: string;

  constructor(dataDirectory: string) {
    this.#path = join(dataDirectory, "rejoining");
  }

  isSet(): boolean {
    return existsSync(this.#path);
  }

  /** Whether the folder holds the log that took this replica out and in again. */
  isWhole(): boolean {
    return this.isSet() && readFileSync(this.#path, "utf8") === WHOLE;
  }

  async set(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    await writeFileDurably(this.#path, new TextEncoder().encode(LOST));
  }

  async setWhole(): Promise<void> {
    await writeFileDurably(this.#path, new TextEncoder().encode(WHOLE));
  }

  async clear(): Promise<void> {
    await rm(this.#path, { force: true });
    await syncDirectory(dirname(this.#path));
  }
}

export interface RejoinAskerOptions {
  readonly self: NodeId;
  readonly clusterId: string;
  readonly peers: readonly Peer[];
  readonly credentialsFor: (address: string) => ChannelCredentials;
  readonly channelOptions: ChannelOptions;
}

export class RejoinAsker {
  readonly #options: RejoinAskerOptions;
  readonly #clients: readonly RaftClient[];

  constructor(options: RejoinAskerOptions) {
    this.#options = options;
    this.#clients = options.peers.map(
      (peer) => new RaftClient(peer.address, options.credentialsFor(peer.address), options.channelOptions),
    );
  }

  /** Asks all peers, of which only the leader acts: waiting, when none answers. Never rejects. */
  async ask(holding: Holding): Promise<Readmission> {
    const { clusterId, self } = this.#options;
    const answers = await Promise.allSettled(
      this.#clients.map((client) =>
        unary(
          client.rejoin.bind(client),
          { clusterId, nodeId: self, restored: holding !== "nothing", whole: holding === "whole" },
          { deadline: Date.now() + ASK_TIMEOUT_MS },
        ),
      ),
    );
    const given = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    if (given.some((answer) => answer.voter)) return { kind: "voter" };
    const at = Math.max(0, ...given.map((answer) => answer.learnerAt));
    return at > 0 ? { kind: "learner", at: logIndex(at) } : { kind: "waiting" };
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}
