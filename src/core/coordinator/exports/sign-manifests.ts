// Signs the manifests of exported snapshots with this replica's certificate, and recognizes those of the other
// replicas by the authority of peers. So a fleet needs no further secret, and a renewed certificate or authority
// counts as it does on the wire.

import { createPrivateKey, type KeyObject, sign, verify, X509Certificate } from "node:crypto";
import { certificateBlocks } from "../../base/pem.ts";
import type { ManifestSignature, Signer } from "../../export/manifest.ts";
import type { ManifestSigning } from "../../export/manifest-signature.ts";
import { Authorities } from "../../wire/tls/authorities.ts";
import { canonicalSerial } from "../../wire/tls/deny-list.ts";
import { formatIdentity, identityOfNames } from "../../wire/tls/identity.ts";
import { leafOf, type Tls, type TlsMaterial } from "../../wire/tls/tls.ts";

/** A leaf, and some intermediates. */
const CHAIN_MAX = 8;

/** Null: without TLS a replica can't prove anything, and all manifests of the cluster count. */
export function manifestSigning(tls: Tls, wallMs: () => number): ManifestSigning | null {
  if (tls === "insecure-loopback") return null;
  return {
    get own() {
      return leafOf(tls).fingerprint256;
    },
    sign: (said) => {
      const key = createPrivateKey(tls.key);
      const value = sign(hashFor(key), said, key).toString("base64");
      return { certificate: certificateBlocks(tls.cert.toString("latin1")).join("\n"), value };
    },
    isReplicas: (said, { certificate, value }) => {
      try {
        const chain = chainOf(certificate);
        const [leaf] = chain;
        if (leaf === undefined || !isReplicasChain(tls, chain, wallMs())) return false;
        const { publicKey } = leaf;
        return verify(hashFor(publicKey), said, publicKey, Buffer.from(value, "base64"));
      } catch {
        // It is no certificate, or no signature.
        return false;
      }
    },
    isRevoked: (signature) => {
      const { denyList } = tls;
      if (denyList === undefined) return false;
      const signer = signerOf(signature);
      return [...(signer === null ? [] : [signer]), ...(signature.earlier ?? [])].some((each) =>
        denyList.denies(each),
      );
    },
    isEnding: ({ certificate }) => isEnding(tls, chainOf(certificate), wallMs()),
    signerOf,
  };
}

function signerOf({ certificate }: ManifestSignature): Signer | null {
  try {
    const [leaf] = chainOf(certificate);
    const identity = identityOfNames(leaf?.subjectAltName ?? "");
    if (leaf === undefined || identity === null) return null;
    const notBeforeMs = leaf.validFromDate.getTime();
    return { serial: canonicalSerial(leaf.serialNumber), uri: formatIdentity(identity), notBeforeMs };
  } catch {
    // It is no certificate.
    return null;
  }
}

/** The own authority did not issue it, or less than a third of its validity is left, and the own one lasts longer. */
function isEnding(tls: TlsMaterial, chain: readonly X509Certificate[], nowMs: number): boolean {
  const ownChain = chainOf(tls.cert.toString("latin1"));
  const [own] = ownChain;
  const [leaf] = chain;
  if (own === undefined || leaf === undefined || own.fingerprint256 === leaf.fingerprint256) return false;
  if (issuerKeyOf(tls, chain, nowMs) !== issuerKeyOf(tls, ownChain, nowMs)) return true;
  const endMs = leaf.validToDate.getTime();
  const isLate = endMs - nowMs < (endMs - leaf.validFromDate.getTime()) / 3;
  return isLate && own.validToDate.getTime() > endMs;
}

/** The key of the authority that proves the chain; null = no authority does. */
function issuerKeyOf(tls: TlsMaterial, chain: readonly X509Certificate[], nowMs: number): string | null {
  const prover = authoritiesOf(tls).proverOf({ kind: "replica" }, chain, nowMs);
  return prover?.publicKey.export({ type: "spki", format: "der" }).toString("base64") ?? null;
}

function chainOf(pem: string): readonly X509Certificate[] {
  return certificateBlocks(pem)
    .slice(0, CHAIN_MAX)
    .map((block) => new X509Certificate(block));
}

function isReplicasChain(tls: TlsMaterial, chain: readonly X509Certificate[], nowMs: number): boolean {
  const [leaf] = chain;
  const identity = identityOfNames(leaf?.subjectAltName ?? "");
  if (leaf === undefined || identity?.kind !== "replica") return false;
  if (nowMs < leaf.validFromDate.getTime() || nowMs > leaf.validToDate.getTime()) return false;
  return authoritiesOf(tls).prove(identity, chain, nowMs);
}

/** By default one authority proves all identities. */
function authoritiesOf({ authorities, ca }: TlsMaterial): Authorities {
  return authorities ?? new Authorities(chainOf(ca.toString("latin1")), {}, {});
}

/** Ed25519 and Ed448 hash by themselves. */
function hashFor({ asymmetricKeyType }: KeyObject): string | null {
  return asymmetricKeyType === "ed25519" || asymmetricKeyType === "ed448" ? null : "sha256";
}
