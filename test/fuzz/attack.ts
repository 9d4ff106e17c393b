// One seed of the fuzzer: an attacker has a replica's certificate and says what no replica says, to a coordinator that
// runs. It opens a stream, sends a snapshot, or makes calls.

import { Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import { senderMetadata } from "../../src/core/transport/sender.ts";
import type { Peer } from "../../src/core/transport/transport.ts";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import type { HostileCluster } from "../security/hostile-cluster.ts";
import { CALLS, CallMaker } from "./call-maker.ts";
import { FrameMaker, type Target } from "./frame-maker.ts";
import { callCouldBeBelieved, couldBeBelieved } from "./lies.ts";
import { SnapshotMaker } from "./snapshot-maker.ts";
import { untilDone } from "./until-done.ts";

const SERVICE = "/fleet.v1.Raft";
const STREAM_MS = 10_000;
const FRAMES_MAX = 20;
const REQUESTS_MAX = 8;
/** A call that waits for more is given up. */
const CALL_MS = 300;

/** Who attacks: by which certificate, and whether its frames are taken in. */
export interface Holder {
  readonly name: string;
  readonly id: number;
  readonly isMember: boolean;
}

export interface Told {
  readonly frames: number;
  /** Of a member, not sent, for Raft would have to believe them. */
  readonly withheld: number;
}

const same = (bytes: Buffer): Buffer => bytes;

export class Attack {
  readonly #cluster: HostileCluster;
  readonly #clients = new Map<string, Client>();
  /** Of its own questions, which it asked again. */
  readonly failures: unknown[] = [];

  constructor(cluster: HostileCluster) {
    this.#cluster = cluster;
  }

  async run(seed: number, holder: Holder, to: Peer): Promise<Told> {
    const asked = () => this.#cluster.status(to);
    const { term, lastIndex } = await untilDone(asked, (error) => this.failures.push(error));
    const target = { clusterId: "c", from: holder.id, to: to.id, term, lastIndex };
    const maker = new FrameMaker(seed, target);
    const kind = maker.below(7);
    if (kind === 1)
      return this.#calls(new CallMaker(seed, holder.id), 1 + maker.below(REQUESTS_MAX), holder, to);
    if (kind === 0) return this.#snapshot(new SnapshotMaker(maker, target, holder.isMember), holder, to);
    return this.#exchange(maker, target, holder, to);
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  async #exchange(maker: FrameMaker, target: Target, holder: Holder, to: Peer): Promise<Told> {
    const client = this.#client(holder, to);
    const options = { deadline: Date.now() + STREAM_MS };
    const stream = client.makeBidiStreamRequest(
      `${SERVICE}/Exchange`,
      same,
      same,
      metadataOf(maker, holder, to),
      options,
    );
    // It comes once a call, however that ends.
    const ended = new Promise<void>((resolve) => stream.once("status", () => resolve()));
    stream.on("error", () => undefined);
    stream.on("data", () => undefined);
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
    });
    let told: Told = { frames: 0, withheld: 0 };
    for (let frames = 1 + maker.below(FRAMES_MAX); frames > 0 && !hasEnded; frames -= 1) {
      const frame = maker.frame();
      const isWithheld = holder.isMember && couldBeBelieved(frame, target.term);
      told = isWithheld ? { ...told, withheld: told.withheld + 1 } : { ...told, frames: told.frames + 1 };
      if (!isWithheld && !stream.write(Buffer.from(frame)))
        await Promise.race([new Promise((resolve) => stream.once("drain", resolve)), ended]);
    }
    if (maker.below(4) === 0) stream.cancel();
    else stream.end();
    await ended;
    return told;
  }

  async #snapshot(maker: SnapshotMaker, holder: Holder, to: Peer): Promise<Told> {
    const client = this.#client(holder, to);
    const options = { deadline: Date.now() + STREAM_MS };
    const offer = maker.header();
    await new Promise<void>((resolve) => {
      const bytes = Buffer.from(offer);
      client.makeUnaryRequest(`${SERVICE}/OfferSnapshot`, same, same, bytes, new Metadata(), options, () =>
        resolve(),
      );
    });
    const chunks = maker.chunks();
    await new Promise<void>((resolve) => {
      const answer = (_: ServiceError | null) => resolve();
      const stream = client.makeClientStreamRequest(
        `${SERVICE}/InstallSnapshot`,
        same,
        same,
        new Metadata(),
        options,
        answer,
      );
      stream.on("error", () => undefined);
      for (const chunk of chunks) stream.write(Buffer.from(chunk));
      stream.end();
    });
    return { frames: chunks.length + 1, withheld: 0 };
  }

  async #calls(maker: CallMaker, requests: number, holder: Holder, to: Peer): Promise<Told> {
    const client = this.#client(holder, to);
    let told: Told = { frames: 0, withheld: 0 };
    for (let left = requests; left > 0; left -= 1) {
      const name = maker.pick(CALLS);
      const bytes = Buffer.from(maker.request(name));
      const isWithheld = holder.isMember && callCouldBeBelieved(name, bytes, holder.id);
      told = isWithheld ? { ...told, withheld: told.withheld + 1 } : { ...told, frames: told.frames + 1 };
      if (isWithheld) continue;
      await new Promise<void>((resolve) => {
        const options = { deadline: Date.now() + CALL_MS };
        const path = `${SERVICE}/${name}`;
        client.makeUnaryRequest(path, same, same, bytes, new Metadata(), options, () => resolve());
      });
    }
    return told;
  }

  #client(holder: Holder, { address }: Peer): Client {
    const key = `${holder.name} ${address}`;
    const tls = loadTls(this.#cluster.authority.files(holder.name));
    const client =
      this.#clients.get(key) ?? new Client(address, channelCredentials(tls, address), channelOptions);
    this.#clients.set(key, client);
    return client;
  }
}

/** Mostly what a replica says of itself, so that its frames are read. */
function metadataOf(maker: FrameMaker, { id, name }: Holder, { address }: Peer): Metadata {
  const peer = { id: id as Peer["id"], name, address };
  const whole = senderMetadata({ clusterId: "c", peer, knownVersion: KNOWN_VERSION });
  if (maker.below(8) > 0) return whole;
  whole.set(
    maker.pick(["fleet-node", "fleet-known-version", "fleet-cluster", "fleet-address"]),
    maker.pick(["", "-1", "1e400", "x".repeat(3_000)]),
  );
  return whole;
}
