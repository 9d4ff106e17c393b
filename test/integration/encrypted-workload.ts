// What the process that is killed and the test that looks at what is left both know.

import { nodeId } from "../../src/core/base/ids.ts";
import { onlyVoters } from "../../src/core/base/only-voters.ts";
import type { ConfState } from "../../src/core/raft/message.ts";

export const IDENTITY = { clusterId: "c-encrypted", nodeId: nodeId(1) };
export const SEGMENT_BYTES = 4_096;
export const ROUNDS = 3;
export const CONF_STATE: ConfState = onlyVoters([nodeId(1)]);
