// What hostile holders of certificates do, a round at a time: each attack of issue 11 that can be repeated.

import type { Actors } from "./actor.ts";
import { CALLER_ACTORS } from "./actors/callers.ts";
import { FRAME_ACTORS } from "./actors/frames.ts";
import { KEY_ACTORS } from "./actors/keys.ts";
import { MEMBER_ACTORS } from "./actors/members.ts";
import { NAME_ACTORS } from "./actors/names.ts";
import { SHARD_ACTORS } from "./actors/shards.ts";
import { SOCKET_ACTORS } from "./actors/sockets.ts";

export const ACTORS: Actors = {
  ...SHARD_ACTORS,
  ...CALLER_ACTORS,
  ...MEMBER_ACTORS,
  ...FRAME_ACTORS,
  ...SOCKET_ACTORS,
  ...KEY_ACTORS,
  ...NAME_ACTORS,
};
