// A client whose session is of an abandoned future of the cluster. It is refused once, where its caller sees it, and
// begins anew with the next write.

import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { SeenIncarnation } from "../../../src/client/seen-incarnation.ts";
import { WriteSession } from "../../../src/client/write-session.ts";
import type { Operation } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { type SubmitRequest, SubmitResponse } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import type { WritingClient } from "../../../src/core/wire/leader/coordinator-client.ts";
import type { LeaderCaller } from "../../../src/core/wire/leader/leader-caller.ts";
import { rpcError } from "../../../src/core/wire/rpc-error.ts";

const WRITE: Operation = { kind: { $case: "recordProbe", value: { drillId: "d", number: 1 } } };
const OPTIONS = { reason: "", deadlineMs: 1_000 };

/** A cluster that is restored by giving it another incarnation; both give out the same session ids. */
class Cluster {
  incarnation = "lost";
  readonly taken: string[] = [];

  submit(request: SubmitRequest): SubmitResponse {
    const { incarnation = "", sessionId, sequence, operation } = request;
    if (incarnation !== "" && incarnation !== this.incarnation)
      throw rpcError(status.FAILED_PRECONDITION, "INCARNATION_CHANGED", "the cluster was restored");
    if (operation?.kind?.$case === "openSession")
      return SubmitResponse.fromPartial({ incarnation: this.incarnation, applied: { version: 5 } });
    this.taken.push(`${this.incarnation} ${sessionId}/${sequence}`);
    return SubmitResponse.fromPartial({ index: 9 });
  }

  get caller(): LeaderCaller<WritingClient> {
    const rpc = {
      submit: (
        request: SubmitRequest,
        _metadata: unknown,
        _options: unknown,
        answer: (error: unknown, response?: unknown) => void,
      ) => {
        try {
          answer(null, this.submit(request));
        } catch (error) {
          answer(error);
        }
      },
    };
    const writes = { submit: async (request: SubmitRequest) => this.submit(request) };
    const call = (invoke: (client: unknown, limits: unknown) => unknown) =>
      invoke({ rpc, writes }, { deadline: 0 });
    return { call } as never;
  }
}

test("a write in a session of the lost future is refused, and the next one has a session of its own", async () => {
  const cluster = new Cluster();
  const session = new WriteSession(cluster.caller, new SeenIncarnation());
  await session.write(WRITE, OPTIONS);
  cluster.incarnation = "restored";
  await expect(session.write(WRITE, OPTIONS)).rejects.toMatchObject({
    message: expect.stringContaining("restored"),
  });
  expect(cluster.taken).toEqual(["lost 5/1"]);
  await session.write(WRITE, OPTIONS);
  expect(cluster.taken).toEqual(["lost 5/1", "restored 5/3"]);
});

test("a client that has read in one incarnation opens no session in another without being told", async () => {
  const cluster = new Cluster();
  const seen = new SeenIncarnation();
  seen.see("lost");
  seen.see("restored");
  expect(seen.id).toBe("lost");
  cluster.incarnation = "restored";
  const session = new WriteSession(cluster.caller, seen);
  await expect(session.write(WRITE, OPTIONS)).rejects.toThrow(/restored/);
  await session.write(WRITE, OPTIONS);
  expect(cluster.taken).toEqual(["restored 5/1"]);
});
