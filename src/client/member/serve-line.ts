// The commands for a new member on another machine: issue its certificate, and start it. Pure.

import type { ListMembersResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { certificateName } from "../../core/wire/tls/holder.ts";
import { hostOf } from "../processes/ports.ts";

export interface NewMember {
  readonly id: number;
  readonly name: string;
  readonly address: string;
  readonly fleet: string;
  readonly clusterId: string;
}

/** Without --bootstrap: its empty data folder means that it asks for admission. */
export function serveLine(
  member: NewMember,
  { members }: Pick<ListMembersResponse, "members">,
  isEncrypted = false,
): string {
  const { id, name, address, fleet, clusterId } = member;
  const others = members.flatMap(({ member: row }) => (row === undefined || row.nodeId === id ? [] : [row]));
  const peers = [...others, { nodeId: id, name, address }].map(
    (row) => `${row.nodeId}=${row.name}@${row.address}`,
  );
  const files = certificateName(name, id);
  return [
    `fleet serve coordinator --id ${id} --name ${name} --fleet ${fleet} --cluster-id ${clusterId}`,
    `--listen ${address} --peers ${peers.join(",")}`,
    `--data DIR${isEncrypted ? " --encryption-key-file FILE" : ""} --ca ca.crt --cert ${files}.crt --key ${files}.key`,
  ].join(" ");
}

/**
 * By its number, which no node had before, and the host name that others dial: an old certificate has
 * neither.
 */
export function certificateLine({ id, name, address }: Pick<NewMember, "id" | "name" | "address">): string {
  const files = certificateName(name, id);
  return `fleet cert issue --authority DIR --role replica --name ${files} --id ${id} --host ${hostOf(address)} --out DIR`;
}
