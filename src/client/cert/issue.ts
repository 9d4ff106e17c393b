// Issues a certificate for a holder outside the fleet's folder: an operator, a dashboard, a replica or a
// shard on a host of its own. What must stay true: no file is ever replaced, and only its owner can read the
// key from its first byte on.
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isName, nodeId } from "../../core/base/ids.ts";
import { authorityKindOf } from "../../core/wire/tls/authorities.ts";
import { daysLeft } from "../../core/wire/tls/certificate-age.ts";
import { numberInName } from "../../core/wire/tls/holder.ts";
import { formatIdentity, type Identity } from "../../core/wire/tls/identity.ts";
import type { NodeEntry } from "../files/fleet-file.ts";
import { KEY_MODE, PUBLIC_MODE } from "../files/modes.ts";
import { type AuthorityFiles, readAuthority, signerOf, trustFilesOf } from "./authority.ts";
import { issueCertificate } from "./certs.ts";
import { isSameText, writeNewFiles } from "./new-files.ts";

type Role = Identity["kind"];

/** The signing authority, and the nodes whose numbers are known. */
export interface Issuer {
  readonly authority: AuthorityFiles;
  /** Those of a local fleet; empty for a fleet on hosts of its own. */
  readonly nodes: readonly NodeEntry[];
}

export interface IssueRequest {
  readonly role: Role;
  /** The holder, and the base name of its files. */
  readonly name: string;
  /** A replica's number; otherwise that of the node called `name`, or `name` itself if it is a number. */
  readonly id?: number | undefined;
  /** Folder for <name>.crt, <name>.key and ca.crt. */
  readonly out: string;
  readonly days: number;
  /** Host names and IP addresses at which the holder is dialed. */
  readonly hosts: readonly string[];
}

export interface IssuedReport {
  readonly identity: string;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly notAfter: string;
}

/** Throws OperatorError: USAGE, FILE_EXISTS, AUTHORITY_UNUSABLE or AUTHORITY_ENDS. */
export async function issueTo(issuer: Issuer, request: IssueRequest, nowMs: number): Promise<IssuedReport> {
  const wanted = identityFor(issuer.nodes, request);
  const identity = formatIdentity(wanted);
  const { pair: authority } = await readAuthority(await signerOf(issuer.authority, authorityKindOf(wanted)));
  const left = daysLeft(new X509Certificate(authority.certificate).validToDate.getTime(), nowMs);
  if (request.days > left) throw authorityEnds(left);
  const { certificate, key } = await issueCertificate(authority, {
    ...{ commonName: request.name, uri: identity, days: request.days, beginsNow: true },
    dnsNames: request.hosts.filter((host) => isIP(host) === 0),
    ipAddresses: request.hosts.filter((host) => isIP(host) !== 0),
  });
  const out = resolve(request.out);
  const at = (file: string) => join(out, file);
  const files = { ca: at("ca.crt"), cert: at(`${request.name}.crt`), key: at(`${request.name}.key`) };
  const trust = await Promise.all(
    (await trustFilesOf(issuer.authority)).map(async ({ name, text }) =>
      (await isSameText(at(name), text)) ? [] : [{ path: at(name), text, mode: PUBLIC_MODE }],
    ),
  );
  await writeNewFiles(out, [
    { path: files.key, text: key, mode: KEY_MODE },
    { path: files.cert, text: certificate, mode: PUBLIC_MODE },
    ...trust.flat(),
  ]);
  return { identity, ...files, notAfter: new X509Certificate(certificate).validToDate.toISOString() };
}

function identityFor(nodes: readonly NodeEntry[], { role, name, id }: IssueRequest): Identity {
  if (!isName(name))
    throw usage(
      `${name} is not a valid name of a certificate`,
      "use lower-case letters, digits, '.', '_' and '-'",
    );
  if (id !== undefined && role !== "replica")
    throw usage(`--id is for replicas, and this certificate is for a ${role}`, "leave --id out");
  switch (role) {
    case "admin":
    case "readonly":
      return { kind: role };
    case "operator":
    case "client":
    case "shard":
    case "cluster":
      return { kind: role, id: name };
    case "replica":
      return { kind: role, id: nodeId(numberOf(nodes, name, id)) };
  }
}

function numberOf(nodes: readonly NodeEntry[], name: string, given: number | undefined): number {
  const known = nodes.find((node) => node.name === name)?.id;
  if (known !== undefined && given !== undefined && known !== given)
    throw usage(`${name} is number ${known}, not ${given}`, "leave --id out");
  const inName = numberInName(name);
  const id = known ?? given ?? inName;
  if (id === null || id === 0)
    throw usage(
      `${name} is neither a node in fleet.yaml nor a number`,
      `give its number too: --name ${name} --id N`,
    );
  if (known === undefined) requireOwnNumber(nodes, { name, id, inName });
  return id;
}

/**
 * A number belongs to one node for good, and a name that is a number says which replica the files are for.
 */
function requireOwnNumber(
  nodes: readonly NodeEntry[],
  { name, id, inName }: { readonly name: string; readonly id: number; readonly inName: number | null },
): void {
  const owner = nodes.find((node) => node.id === id);
  if (owner !== undefined && inName === null)
    throw usage(
      `number ${id} is ${owner.name}'s, not ${name}'s`,
      `give the number that fleet member add gave ${name}, or --name ${owner.name}`,
    );
  if (inName === null || inName === id) return;
  throw usage(
    `--name ${name} says replica ${inName}, and --id says replica ${id}`,
    `give the same number twice (--name ${id} --id ${id}), or give the node's name`,
    `replica ${inName} would look for ${name}.crt, and refuses another replica's certificate`,
  );
}

function usage(what: string, next: string, why?: string): OperatorError {
  return new OperatorError("USAGE", { what, ...(why === undefined ? {} : { why }), next, exit: Exit.Usage });
}

function authorityEnds(left: number): OperatorError {
  return new OperatorError("AUTHORITY_ENDS", {
    what: `the fleet's authority expires in ${left} days`,
    next: "give fewer --days, or rotate the authority first: fleet cert rotate --ca",
    exit: Exit.Precondition,
  });
}
