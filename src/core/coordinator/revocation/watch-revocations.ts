// The deny-list as a stream for shards, from any replica (ADR-0026). What must stay true: nothing is queued
// for a caller that does not read: it gets the newest list when it reads again. A replica that knows no
// leader sends nothing, because it may be cut off: its callers ask another.

import type { ServerWritableStream } from "@grpc/grpc-js";
import type { DenyListNews, WatchRevocationsRequest } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ServiceContext } from "../calls/context.ts";
import { assertTrusted, refusalError, restoring } from "../calls/refusals.ts";
import { denialOf, revocationsVersion } from "./deny-by-table.ts";

type Call = ServerWritableStream<WatchRevocationsRequest, DenyListNews>;
type Context = Pick<
  ServiceContext,
  "clusterId" | "machine" | "driver" | "trust" | "self" | "replicas" | "internalErrors"
>;

const LOOK_EVERY_MS = 500;

/** Encoded once for all callers. */
const newest = new WeakMap<object, DenyListNews>();

/** Sends the list until the call ends. */
export function watchRevocations(context: Context, call: Call): void {
  const { incarnation, version } = call.request;
  let told = incarnation === context.clusterId ? version : -1;
  let isFull = false;
  const notify = () => {
    if (isFull) return;
    assertAble(context);
    const news = newsOf(context);
    if (news.version === told) return;
    told = news.version;
    isFull = !call.write(news);
  };
  const attempt = (step: () => void) => {
    try {
      step();
    } catch (error) {
      end();
      call.emit("error", context.internalErrors.answer(error, "a watch of revocations"));
    }
  };
  const stopListening = context.machine.onApplied(() => attempt(notify));
  const looking = setInterval(() => attempt(() => assertAble(context)), LOOK_EVERY_MS);
  const end = () => {
    isFull = true;
    stopListening();
    clearInterval(looking);
  };
  for (const event of ["cancelled", "close", "error"]) call.on(event, end);
  call.on("drain", () => {
    isFull = false;
    attempt(notify);
  });
  attempt(() => {
    assertAble(context);
    // So that the caller gets a first answer, whatever version it has.
    if (newsOf(context).version === told)
      isFull = !call.write({ incarnation: context.clusterId, version: told, denials: [] });
    else notify();
  });
}

function assertAble(context: Context): void {
  assertTrusted(context);
  if (context.machine.isRestoring) throw restoring();
  if (context.driver.leader === 0) throw refusalError(context, "no-leader");
}

function newsOf({ clusterId, machine }: Context): DenyListNews {
  const version = revocationsVersion(machine.view);
  const known = newest.get(machine);
  if (known?.version === version) return known;
  const denials = [...machine.view.tables.revocations.rows()].map(denialOf);
  const news = { incarnation: clusterId, version, denials };
  newest.set(machine, news);
  return news;
}
