// Which verbs and tables a role, or a question about access, may contain. A word that allows nothing is a
// mistake, so its author gets an error at once. Existing roles may contain words of later builds.

import { status } from "@grpc/grpc-js";
import { shownName } from "../../../base/ids.ts";
import { VERBS } from "../../../fleet/permissions/permissions.ts";
import type { RoleRule } from "../../../wire/gen/fleet/v1/command.ts";
import { rpcError } from "../../../wire/rpc-error.ts";

/** Throws VERB_UNKNOWN, unless each verb and each table of each rule allows something together with another of its words. */
export function checkRoleRules({ rules }: { readonly rules: readonly RoleRule[] }): void {
  for (const { verbs, tables } of rules) {
    for (const table of tables) if (!verbs.some((verb) => isKnown(verb, table))) throw unknown(verbs, table);
    for (const verb of verbs) {
      if (!tables.some((table) => isKnown(verb, table))) throw unknown([verb], tables[0] ?? "");
    }
  }
}

/** Throws VERB_UNKNOWN. */
export function checkVerb(verb: string, table: string): void {
  if (verb === "*" || table === "*" || !isKnown(verb, table)) throw unknown([verb], table);
}

function isKnown(verb: string, table: string): boolean {
  const tables = table === "*" ? Object.keys(VERBS) : [table];
  return tables.some((each) => {
    const verbs = Object.hasOwn(VERBS, each) ? (VERBS[each] ?? []) : [];
    return verb === "*" ? verbs.length > 0 : verbs.includes(verb);
  });
}

function unknown(verbs: readonly string[], table: string) {
  const known = Object.hasOwn(VERBS, table) ? VERBS[table] : undefined;
  const tables = Object.keys(VERBS).join(", ");
  const message =
    known === undefined
      ? `a role can't have the table ${shownName(table)}; the tables are ${tables}`
      : `the table ${table} has no verb ${verbs.map(shownName).join(",")}; its verbs are ${known.join(", ")}`;
  return rpcError(status.INVALID_ARGUMENT, "VERB_UNKNOWN", message);
}
