// Callers that may ask a little: many questions at once, and writes that their role refuses.

import { CoordinatorService } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { framed } from "../../../src/core/wire/server/message-frames.ts";
import { header } from "../../../test/integration/raw-call.ts";
import { submitted } from "../../../test/security/operator-fleet.ts";
import { type Actors, asks, asksAtOnce } from "../actor.ts";
import { HOLDERS } from "../holders.ts";

const { shard, operator, readonly } = HOLDERS;
const QUESTIONS = 200;
const STATUS = CoordinatorService.getStatus.path;

const LISTS = [
  ...[CoordinatorService.listShards, CoordinatorService.listClusters, CoordinatorService.listDomains],
  ...[CoordinatorService.listAudit, CoordinatorService.listSessions, CoordinatorService.listShortfalls],
  ...[CoordinatorService.listMembers, CoordinatorService.listRoles, CoordinatorService.listPlans],
].map(({ path }) => path);
const lists = Array.from({ length: QUESTIONS }, (_, at) => LISTS[at % LISTS.length] ?? "");

const refused = () => [framed(Buffer.from(submitted("setFeatureGate", { name: "evil", enabled: true })))];

export const CALLER_ACTORS: Actors = {
  "200 questions at once": asksAtOnce(shard, Array(QUESTIONS).fill(STATUS), [header(0)]),
  "200 list questions by a reader": asksAtOnce(readonly, lists, [header(0)]),
  "200 list questions by an operator": asksAtOnce(operator, lists, [header(0)]),
  "a write by a reader": asks(readonly, CoordinatorService.submit.path, refused),
  "a write that an operator's role refuses": asks(operator, CoordinatorService.submit.path, refused),
};
