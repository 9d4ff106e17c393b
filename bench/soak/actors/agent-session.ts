// A session of one agent at the shard, with one roll-up.

import { SessionUp, ShardService } from "../../../src/core/wire/gen/fleet/v1/shard.ts";
import { type Actor, send, wire } from "../actor.ts";
import { open } from "../world.ts";

export interface AgentWords {
  readonly hello: { readonly clusterId: string; readonly instanceId: string };
  readonly labels: Readonly<Record<string, string>>;
}

export const agentSession =
  (uri: string, words: (round: number) => AgentWords): Actor =>
  async (world, round) => {
    const session = open(world, world.shard, uri);
    const { hello, labels } = words(round);
    const groups = [{ count: 1, requirements: { ...labels } }];
    const frames = [
      SessionUp.fromPartial({ frame: { $case: "hello", value: { ...hello, protocolVersion: 1 } } }),
      SessionUp.fromPartial({ frame: { $case: "demand", value: { number: 1, groups } } }),
    ];
    const bytes = frames.map((frame) => wire(SessionUp, frame));
    await send(session, ShardService.session.path, bytes);
    session.destroy();
  };
