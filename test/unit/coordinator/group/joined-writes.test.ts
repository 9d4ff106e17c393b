// Puts of one turn share an entry, and each has an answer of its own.

import { expect, test } from "vitest";
import { type LogIndex, logIndex, term } from "../../../../src/core/base/ids.ts";
import { KeysMachine } from "../../../../src/core/coordinator/group/keys-machine.ts";
import type { WriteResult } from "../../../../src/core/coordinator/group/pending.ts";
import { inEntries } from "../../../../src/core/coordinator/group/proposal-queue.ts";
import { Waiting } from "../../../../src/core/coordinator/group/waiting.ts";
import {
  decodeKeyCommand,
  encodeKeyCommand,
  encodeToApply,
  joinKeyCommands,
} from "../../../../src/core/kv/command-codec.ts";
import type { Applied } from "../../../../src/core/kv/key-response.ts";
import type { KeyOperation } from "../../../../src/core/wire/gen/fleet/v1/key_command.ts";
import { compact, put } from "../etcd/key-commands.ts";

const TERM = term(3);
const DEADLINE = 1_000;

type Kind = NonNullable<KeyOperation["kind"]>;

/** The leader's queue before a real key space, without a Raft group between them. */
class Leader {
  readonly machine = new KeysMachine();
  readonly waiting = new Waiting(this.machine.joining);
  readonly log: Uint8Array[] = [];
  #applied = 0;

  write(kind: Kind, deadline = DEADLINE): Promise<WriteResult<readonly Applied[]>> {
    const data = encodeToApply({ atMs: 1_000, operations: [{ kind, leasesSeenAt: 0 }] });
    return this.waiting.write(data, deadline, kind.$case === "put");
  }

  propose(): void {
    this.waiting.proposeAll((data) => {
      const indexes = data.map((entry): LogIndex => logIndex(this.log.push(entry)));
      return { ok: true, term: TERM, indexes };
    });
  }

  applyAll(): void {
    for (const entry of this.log.slice(this.#applied)) {
      this.#applied += 1;
      const index = logIndex(this.#applied);
      this.waiting.applied(index, TERM, this.machine.apply(index, entry));
    }
  }
}

/** "entry@revision", or the refusal. */
function shown(written: WriteResult<readonly Applied[]>): string {
  if (!written.ok) return written.refusal;
  expect(written.result.length).toBe(1);
  const [applied] = written.result;
  const outcome = applied?.answer.ok === true ? applied.revision : applied?.answer.error;
  return `${written.index}@${outcome}`;
}

test("puts of a turn are one entry: each has its revision or its own refusal, in order", async () => {
  const leader = new Leader();
  const writes = [put("a", "1"), put("b", "2", "77"), put("a", "3")].map((kind) => leader.write(kind));
  leader.propose();
  expect(leader.log.length).toBe(1);
  leader.applyAll();
  expect((await Promise.all(writes)).map(shown)).toEqual(["1@2", "1@lease-not-found", "1@3"]);
  expect(leader.waiting.proposals).toMatchObject({ accepted: 3, pending: 0 });
});

test("another operation has its own entry, and the puts around it stay before and after it", async () => {
  const leader = new Leader();
  const writes = [put("a", "1"), put("b", "1"), compact(3), put("c", "1"), put("d", "1")].map((kind) =>
    leader.write(kind),
  );
  leader.propose();
  leader.applyAll();
  expect((await Promise.all(writes)).map(shown)).toEqual(["1@2", "1@3", "2@3", "3@4", "3@5"]);
});

test("a put of an entry that reaches its deadline is refused alone; a later answer is not its own", async () => {
  const leader = new Leader();
  const [patient, hasty, last] = [
    leader.write(put("a", "1")),
    leader.write(put("b", "1"), 10),
    leader.write(put("c", "1")),
  ];
  leader.propose();
  leader.waiting.expire(10);
  expect(shown(await hasty)).toBe("no-quorum");
  expect(leader.waiting.proposals).toMatchObject({ failed: 1, pending: 2 });
  leader.applyAll();
  // The put without an answer was applied too: the last one has the revision behind it.
  expect([await patient, await last].map(shown)).toEqual(["1@2", "1@4"]);
});

test("all puts of an entry are lost with the leadership, and another leader's entry answers none of them", async () => {
  const leader = new Leader();
  const writes = [leader.write(put("a", "1")), leader.write(put("b", "1"))];
  leader.propose();
  leader.waiting.applied(logIndex(1), term(4), []);
  expect((await Promise.all(writes)).map(shown)).toEqual(["leadership-lost", "leadership-lost"]);
  expect(leader.waiting.isEmpty).toBe(true);
});

test.each([
  { sizes: [1, 1, 1, 1], entries: [3, 1], why: "three operations fill an entry" },
  { sizes: [6, 4, 1], entries: [2, 1], why: "ten bytes fill an entry" },
  { sizes: [11, 1], entries: [1, 1], why: "what is larger than an entry of several is alone" },
  { sizes: [1, 11, 1], entries: [1, 1, 1], why: "nothing overtakes" },
  { sizes: [1, -1, 1, 1], entries: [1, 1, 2], why: "one that may not join is alone" },
])("$why: proposals of $sizes bytes are entries of $entries", ({ sizes, entries }) => {
  const queued = sizes.map((size) => ({ data: new Uint8Array(Math.abs(size)), joins: size > 0 }));
  const limits = { bytesMax: 10, countMax: 3 };
  expect(inEntries(queued, limits).map(({ length }) => length)).toEqual(entries);
  expect(inEntries(queued, limits).flat()).toEqual(queued);
  expect(inEntries(queued, undefined).map(({ length }) => length)).toEqual(sizes.map(() => 1));
});

test("the command that the leader keeps is the one that the others decode", () => {
  const commands = [put("a", "1"), put("b", "\xff"), put("", "")].map((kind, at) => ({
    atMs: 1_000 + at,
    operations: [{ kind, leasesSeenAt: 0 }],
  }));
  const joined = joinKeyCommands(commands.map(encodeToApply));
  const index = logIndex(1);
  const copy = Uint8Array.from(joined);
  const kept = decodeKeyCommand(index, joined);
  expect(kept.operations[0]?.kind).toBe(commands[0]?.operations[0]?.kind);
  expect(encodeKeyCommand(decodeKeyCommand(index, copy))).toEqual(encodeKeyCommand(kept));
  // Once: afterwards the bytes are decoded as on the others.
  expect(decodeKeyCommand(index, joined)).not.toBe(kept);
});

test("the format that the leader keeps is the one that the others decode", () => {
  const value = { windowMs: 1_000, revisionsMax: 0, changeNumber: 1 };
  const kind = { $case: "retention", value } as const;
  const bytes = encodeToApply({ atMs: 1_000, operations: [{ kind, leasesSeenAt: 0 }] });
  const copy = Uint8Array.from(bytes);
  expect(decodeKeyCommand(logIndex(1), bytes).format).toBe(decodeKeyCommand(logIndex(1), copy).format);
});
