// Fleets on request, over HTTP on loopback: etcd's own tests in Go start, stop and remove theirs by it (suite/cluster.go).
//   POST /fleets?size=3           → {"id":"1","members":[{"name","peer","etcd","id"}]}
//   POST /fleets/1/stop/0, /fleets/1/start/0, DELETE /fleets/1
//   POST /fleets/1/cut/0, /fleets/1/mend/0: the member and the others lose each other's messages, or no more
//   POST /fleets/1/watches/0 → {"watches":"3"}
//   POST /fleets/1/join/4?peer=HOST:PORT → {"name","peer","etcd","id"}, of a member that the fleet has added

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { present } from "../../src/core/base/assert.ts";
import { LoopbackFleet, type LoopbackMember } from "./loopback-fleet.ts";

export class FleetServer {
  readonly url: string;
  readonly #server: Server;
  readonly #fleets: Map<string, LoopbackFleet>;

  private constructor(server: Server, fleets: Map<string, LoopbackFleet>) {
    this.#server = server;
    this.#fleets = fleets;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<FleetServer> {
    const fleets = new Map<string, LoopbackFleet>();
    const server = createServer((request, response) => {
      answer(fleets, request).then(
        (body) => response.end(JSON.stringify(body)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FleetServer(server, fleets);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await Promise.all([...this.#fleets.values()].map((fleet) => fleet.dispose()));
  }
}

const described = ({ peer, etcd }: LoopbackMember) => ({
  ...{ id: peer.id, name: peer.name, peer: peer.address, etcd },
});

let next = 1;

async function answer(
  fleets: Map<string, LoopbackFleet>,
  { method, url }: IncomingMessage,
): Promise<unknown> {
  const { pathname, searchParams } = new URL(url ?? "", "http://localhost");
  const [, , id = "", verb = "", at = ""] = pathname.split("/");
  if (id === "") {
    const fleet = await LoopbackFleet.start(Number(searchParams.get("size")));
    const made = String(next++);
    fleets.set(made, fleet);
    return { id: made, members: fleet.members.map(described) };
  }
  const fleet = present(fleets.get(id), "the tests name a fleet that they started");
  if (method === "DELETE") {
    fleets.delete(id);
    await fleet.dispose();
    return {};
  }
  if (verb === "join") return described(await fleet.join(Number(at), searchParams.get("peer") ?? ""));
  const member = present(fleet.members[Number(at)], "the tests name a member that there is");
  if (verb === "watches") return { watches: await fleet.metric(member, "fleet_keys_watches") };
  await actions(fleet)[verb]?.(member);
  return {};
}

const actions = (fleet: LoopbackFleet): Record<string, (member: LoopbackMember) => Promise<void>> => ({
  stop: (member) => fleet.stop(member),
  start: (member) => fleet.start(member),
  cut: (member) => fleet.cut(member),
  mend: (member) => fleet.mend(member),
});
