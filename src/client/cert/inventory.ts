// The certificates in a local fleet's files: whom each one names, and how long it is valid.
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { messageOf } from "../../core/base/errors.ts";
import { daysLeft, endsSoon } from "../../core/wire/tls/certificate-age.ts";
import { canonicalSerial, type DenyList } from "../../core/wire/tls/deny-list.ts";
import { formatIdentity, identityOfNames } from "../../core/wire/tls/identity.ts";
import { leafOf, loadTls, type TlsFiles } from "../../core/wire/tls/tls.ts";
import { invalidity, validityOf } from "../../core/wire/tls/validity.ts";
import { authorityFiles, authorityPathsIn, certsFolder } from "../files/layout.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import { certificatesIn } from "./authority.ts";
import { holdersOf } from "./holders.ts";

/**
 * revoked: the coordinators refuse it. unusable: missing, damaged, not valid yet, of an expired authority, or
 * without the matching key or authority beside it.
 */
export type CertificateState = "valid" | "soon" | "ended" | "unusable" | "revoked";

export interface CertificateView {
  readonly name: string;
  /** The identity that it proves, such as fleet://admin; null for an authority. */
  readonly identity: string | null;
  /** Every subject alternative name, as in DNS:localhost. */
  readonly names: readonly string[];
  /** ISO 8601; null when it cannot be read. */
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly daysLeft: number | null;
  readonly issuer: string | null;
  readonly serial: string | null;
  readonly file: string;
  readonly state: CertificateState;
  /** Why it is unusable. */
  readonly problem: string | null;
}

export interface CertificateList {
  readonly name: string;
  readonly directory: string;
  readonly certificates: readonly CertificateView[];
  /** False: no coordinator answered, so revoked ones look as if they were not. */
  readonly revocationsKnown: boolean;
}

/** `denied`: the coordinators' deny-list; null = unknown. */
export async function listCertificates(
  fleet: LocalFleet,
  nowMs: number,
  denied: DenyList | null = null,
): Promise<CertificateList> {
  const { directory, file } = fleet;
  const authorities = await Promise.all(
    authoritiesOf(fleet).map(({ name, path }) => authorityViews(name, path, nowMs)),
  );
  const views: CertificateView[] = [];
  for (const holder of holdersOf(directory, file))
    views.push(markRevoked(await holderView(holder.name, holder.files, nowMs), denied));
  return {
    ...{ name: file.name, directory, certificates: [...authorities.flat(), ...views] },
    revocationsKnown: denied !== null,
  };
}

/** Those that need an operator. */
export function needingRenewal(list: CertificateList): readonly CertificateView[] {
  return list.certificates.filter(({ state }) => state !== "valid");
}

function authoritiesOf({ directory, file }: LocalFleet): { readonly name: string; readonly path: string }[] {
  if (file.authorities === undefined) return [{ name: "ca", path: authorityFiles(directory).cert }];
  const paths = Object.entries(authorityPathsIn(certsFolder(directory)));
  return paths.map(([kind, path]) => ({ name: `${kind}-ca`, path }));
}

async function authorityViews(name: string, file: string, nowMs: number): Promise<CertificateView[]> {
  try {
    const bundle = certificatesIn(await readFile(file, "utf8"));
    return bundle.map((pem) => ({ ...view(name, file, new X509Certificate(pem), nowMs), identity: null }));
  } catch (error) {
    return [unusable(name, file, error)];
  }
}

async function holderView(name: string, files: TlsFiles, nowMs: number): Promise<CertificateView> {
  try {
    const tls = loadTls(files);
    const shown = view(name, files.cert, leafOf(tls), nowMs);
    if (shown.identity === null)
      return { ...shown, state: "unusable", problem: "it names no role, or more than one" };
    const fault = invalidity(validityOf(tls, files), nowMs);
    return fault === null || shown.state === "ended"
      ? shown
      : { ...shown, state: "unusable", problem: fault.message };
  } catch (error) {
    return unusable(name, files.cert, error);
  }
}

/** An expired one is refused anyway. */
function markRevoked(view: CertificateView, denied: DenyList | null): CertificateView {
  const { serial, identity: uri, notBefore, state } = view;
  if (denied === null || serial === null || uri === null || notBefore === null || state === "ended")
    return view;
  const isDenied = denied.denies({
    serial: canonicalSerial(serial),
    uri,
    notBeforeMs: Date.parse(notBefore),
  });
  return isDenied ? { ...view, state: "revoked" } : view;
}

function view(name: string, file: string, certificate: X509Certificate, nowMs: number): CertificateView {
  const names = certificate.subjectAltName ?? "";
  const identity = identityOfNames(names);
  const days = daysLeft(certificate.validToDate.getTime(), nowMs);
  return {
    name,
    identity: identity && formatIdentity(identity),
    names: names === "" ? [] : names.split(", "),
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    daysLeft: days,
    issuer: certificate.issuer.replaceAll("\n", ", "),
    serial: certificate.serialNumber,
    file,
    state: days < 0 ? "ended" : endsSoon(days) ? "soon" : "valid",
    problem: null,
  };
}

function unusable(name: string, file: string, error: unknown): CertificateView {
  const problem = messageOf(error);
  const unknown = {
    identity: null,
    notBefore: null,
    notAfter: null,
    daysLeft: null,
    issuer: null,
    serial: null,
  };
  return { name, names: [], file, state: "unusable", problem, ...unknown };
}
