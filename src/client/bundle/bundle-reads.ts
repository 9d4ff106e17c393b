// A fleet in a bundle, as read commands see it: each list as it was, filtered as the server would have. What the bundle
// does not hold is an error that says why. Its texts are another machine's: the commands escape them as they do replies.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { shellWord } from "../../core/base/shell-word.ts";
import type { Target } from "../context/target.ts";
import { fieldsOf } from "../files/absent-values.ts";
import type { FleetReads } from "../fleet-reads.ts";
import type { AuditOptions } from "../leader-reads.ts";
import { chosenRows } from "./list-filter.ts";
import { type Bundle, LISTS, type ListMethod } from "./section.ts";

/** The bundle at `path` as a fleet. */
export function bundleReads(path: string, bundle: Bundle): FleetReads {
  const list = <Method extends ListMethod>(name: Method): FleetReads[Method] =>
    // The file says that this very read wrote it; one that was edited since fails as what cannot be shown.
    (async (options: AuditOptions = {}) => chosen(path, bundle, name, options)) as FleetReads[Method];
  return {
    target: targetOf(bundle),
    status: async () => heldValue(path, bundle, "status", "the status") as never,
    keyStatus: async () => absent(path, "key status", "it was not asked for"),
    checkAccess: async () =>
      absent(path, "permissions", "only the fleet itself knows what its caller may do"),
    listMembers: list("listMembers"),
    listShards: list("listShards"),
    listClusters: list("listClusters"),
    listDomains: list("listDomains"),
    listQuotas: list("listQuotas"),
    listProviders: list("listProviders"),
    listSessions: list("listSessions"),
    listInstructions: list("listInstructions"),
    listShortfalls: list("listShortfalls"),
    listFeatureGates: list("listFeatureGates"),
    listRoles: list("listRoles"),
    listRevocations: list("listRevocations"),
    listPlans: list("listPlans"),
    listPlanSteps: list("listPlanSteps"),
    listAudit: list("listAudit"),
  };
}

/** The report of a command that the bundle holds whole, such as `doctor`; null if it does not. */
export function reportIn({ sections }: Bundle, command: string): object | null {
  const found = sections.find((section) => section.section === "report" && section.command === command);
  return found?.section === "report" ? found.value : null;
}

function targetOf({ head: { target } }: Bundle): Target {
  const endpoints = target.endpoints.map((address) => ({ address }));
  return { name: target.name, endpoints, tls: "insecure-loopback", origin: "the bundle", settings: [] };
}

function chosen(path: string, bundle: Bundle, name: ListMethod, options: AuditOptions): object {
  const field = LISTS[name];
  const reply = fieldsOf(heldValue(path, bundle, name, `the list of ${field}`));
  const all = reply[field];
  if (!Array.isArray(all)) return reply;
  const { rows, cut } = chosenRows(name, all, options);
  return { ...reply, [field]: rows, ...("more" in reply ? { more: cut || reply["more"] === true } : {}) };
}

function heldValue(path: string, { sections }: Bundle, name: ListMethod | "status", words: string): object {
  for (const section of sections) {
    if (section.section === "status" && name === "status") return section.value;
    if (section.section === "list" && section.name === name) return section.value;
  }
  const missing = sections.find((section) => section.section === "missing" && section.what === words);
  return absent(path, words, missing?.section === "missing" ? missing.why : "it was not collected");
}

function absent(path: string, words: string, why: string): never {
  throw new OperatorError("NOT_IN_BUNDLE", {
    what: `${path} does not have ${words}`,
    why,
    next: `see what it has: zcat ${shellWord(path)} | cut -c 1-200`,
    exit: Exit.NotFound,
  });
}
