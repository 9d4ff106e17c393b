// The version of the conversation between an agent and its shard (shard.proto, SessionHello.protocol_version).

export const SESSION_PROTOCOL_VERSION = 1;
