// The asking side of readmission (ADR-0002). A replica that finds its data folder empty, although the fleet
// exists, marks it (storage/rejoin-mark.ts). It takes no part in elections and asks its peers until it is a
// voter again.

import { type ChannelCredentials, type ChannelOptions, status } from "@grpc/grpc-js";
import { systemClock } from "../../base/clock.ts";
import { FLEET_GROUP, type GroupId, type NodeId } from "../../base/ids.ts";
import type { Peer } from "../../transport/transport.ts";
import { RaftClient } from "../../wire/gen/fleet/v1/raft.ts";
import { type RpcFailure, readRpcError } from "../../wire/rpc-error.ts";
import { unary } from "../../wire/unary.ts";
import { type Holding, type Readmission, readmissionOf } from "./readmission.ts";

const ASK_TIMEOUT_MS = 1_000;

export interface RejoinAskerOptions {
  readonly self: NodeId;
  readonly clusterId: string;
  /** The newest cluster version that this build knows. */
  readonly knownVersion: number;
  /** The peers to ask now: a replica that catches up learns of others. */
  readonly peers: () => readonly Peer[];
  /** Called once for each reason why the leader refuses to admit this replica. */
  readonly onRefused: (failure: RpcFailure) => void;
  readonly credentialsFor: (address: string) => ChannelCredentials;
  readonly channelOptions: ChannelOptions;
}

export class RejoinAsker {
  readonly #options: RejoinAskerOptions;
  readonly #clients = new Map<string, RaftClient>();
  readonly #refusals = new Set<string>();

  constructor(options: RejoinAskerOptions) {
    this.#options = options;
  }

  /** Asks all peers, of which only the leader acts; "waiting" when none answers. Never rejects. */
  async ask(holding: Holding, group: GroupId = FLEET_GROUP): Promise<Readmission> {
    const { clusterId, self, knownVersion, peers } = this.#options;
    const held = { restored: holding !== "nothing", whole: holding === "whole" };
    const clients = peers().map(({ address }) => this.#client(address));
    const answers = await Promise.allSettled(
      clients.map((client) =>
        unary(
          client.rejoin.bind(client),
          {
            clusterId,
            nodeId: self,
            ...held,
            knownVersion,
            ...(group === FLEET_GROUP ? {} : { groupId: group }),
          },
          { endMs: systemClock.monotonicMs() + ASK_TIMEOUT_MS },
        ),
      ),
    );
    const given = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    for (const answer of answers) if (answer.status === "rejected") this.#note(readRpcError(answer.reason));
    return readmissionOf(given);
  }

  // A follower, or a peer that knows no leader yet, gives no refusal: that passes.
  #note(failure: RpcFailure): void {
    if (failure.code !== status.PERMISSION_DENIED || this.#refusals.has(failure.message)) return;
    this.#refusals.add(failure.message);
    this.#options.onRefused(failure);
  }

  #client(address: string): RaftClient {
    const { credentialsFor, channelOptions } = this.#options;
    const client =
      this.#clients.get(address) ?? new RaftClient(address, credentialsFor(address), channelOptions);
    this.#clients.set(address, client);
    return client;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }
}
