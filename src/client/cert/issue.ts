// A certificate for somebody outside the fleet's folder: an operator, a dashboard, a shard on another machine. What must
// stay true: no file is ever replaced, and the key is its owner's alone from its first byte.
import { X509Certificate } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { createDirectoryDurably, syncDirectory } from "../../core/base/durable-file.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isName, nodeId } from "../../core/base/ids.ts";
import { formatIdentity, type Identity } from "../../core/wire/identity.ts";
import { daysLeft } from "../certificate-age.ts";
import { readAuthority } from "../local/authority.ts";
import { issueCertificate } from "../local/certs.ts";
import { isErrno } from "../local/errno.ts";
import type { LocalFleet } from "../local/local-fleet.ts";
import { KEY_MODE, PUBLIC_MODE } from "../local/modes.ts";

type Role = Identity["kind"];

export interface IssueRequest {
  readonly role: Role;
  /** Who holds it; of a replica its number, or a node's name in fleet.yaml. */
  readonly name: string;
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
export async function issueTo(
  fleet: LocalFleet,
  request: IssueRequest,
  nowMs: number,
): Promise<IssuedReport> {
  const identity = formatIdentity(identityFor(fleet, request));
  const { pair: authority, trusted } = await readAuthority(fleet.directory);
  const left = daysLeft(new X509Certificate(authority.certificate).validToDate.getTime(), nowMs);
  if (request.days > left) throw authorityEnds(left);
  const { certificate, key } = await issueCertificate(authority, {
    ...{ commonName: request.name, uri: identity, days: request.days },
    dnsNames: request.hosts.filter((host) => isIP(host) === 0),
    ipAddresses: request.hosts.filter((host) => isIP(host) !== 0),
  });
  const out = resolve(request.out);
  const at = (file: string) => join(out, file);
  const files = { ca: at("ca.crt"), cert: at(`${request.name}.crt`), key: at(`${request.name}.key`) };
  await createDirectoryDurably(out);
  await writeNew([
    { path: files.key, text: key, mode: KEY_MODE },
    { path: files.cert, text: certificate, mode: PUBLIC_MODE },
    ...((await isSameText(files.ca, trusted.join("")))
      ? []
      : [{ path: files.ca, text: trusted.join(""), mode: PUBLIC_MODE }]),
  ]);
  await syncDirectory(out);
  return { identity, ...files, notAfter: new X509Certificate(certificate).validToDate.toISOString() };
}

function identityFor({ file }: LocalFleet, { role, name }: IssueRequest): Identity {
  if (!isName(name))
    throw usage(`${name} cannot name a certificate`, "use lower-case letters, digits, '.', '_' and '-'");
  switch (role) {
    case "admin":
    case "readonly":
      return { kind: role };
    case "shard":
    case "cluster":
      return { kind: role, id: name };
    case "replica": {
      const id = file.nodes.find((node) => node.name === name)?.id ?? Number(name);
      if (Number.isSafeInteger(id) && id > 0) return { kind: role, id: nodeId(id) };
      throw usage(`no node is called ${name}`, "give a node's name in fleet.yaml, or its number");
    }
  }
}

interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** Writes all of them or, when one is there already, none. */
async function writeNew(files: readonly NewFile[]): Promise<void> {
  const written: string[] = [];
  try {
    for (const { path, text, mode } of files) {
      await writeFile(path, text, { mode, flag: "wx", flush: true });
      written.push(path);
    }
  } catch (error) {
    for (const path of written) await rm(path, { force: true });
    if (isErrno(error, "EEXIST")) throw exists(files[written.length]?.path ?? "");
    throw error;
  }
}

const isSameText = (path: string, text: string): Promise<boolean> =>
  readFile(path, "utf8").then(
    (found) => found === text,
    () => false,
  );

function usage(what: string, next: string): OperatorError {
  return new OperatorError("USAGE", { what, next, exit: Exit.Usage });
}

function exists(path: string): OperatorError {
  return new OperatorError("FILE_EXISTS", {
    what: `${path} is there already, and nothing was written`,
    why: "a key that is replaced is lost for whoever uses it",
    next: "name another folder with --out, or move the file away",
    exit: Exit.Precondition,
  });
}

function authorityEnds(left: number): OperatorError {
  return new OperatorError("AUTHORITY_ENDS", {
    what: `the fleet's authority itself ends in ${left} days`,
    next: "ask for fewer --days, or renew the authority first: fleet cert rotate --ca",
    exit: Exit.Precondition,
  });
}
