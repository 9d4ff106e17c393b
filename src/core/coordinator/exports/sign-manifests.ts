// Signs the manifests of exported snapshots with this replica's certificate, and recognizes those of the other
// replicas by the authority of peers. So a fleet needs no further secret, and a renewed certificate or authority
// counts as it does on the wire.

import { createPrivateKey, type KeyObject, sign, verify, X509Certificate } from "node:crypto";
import { certificateBlocks } from "../../base/pem.ts";
import type { ManifestSigning } from "../../export/manifest-signature.ts";
import { Authorities } from "../../wire/tls/authorities.ts";
import { canonicalSerial } from "../../wire/tls/deny-list.ts";
import { formatIdentity, identityOfNames } from "../../wire/tls/identity.ts";
import type { Tls, TlsMaterial } from "../../wire/tls/tls.ts";

/** A leaf, and some intermediates. */
const CHAIN_MAX = 8;

/** Null: without TLS a replica can't prove anything, and all manifests of the cluster count. */
export function manifestSigning(tls: Tls, wallMs: () => number): ManifestSigning | null {
  if (tls === "insecure-loopback") return null;
  return {
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
  };
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
  const notBeforeMs = leaf.validFromDate.getTime();
  if (nowMs < notBeforeMs || nowMs > leaf.validToDate.getTime()) return false;
  const shown = { serial: canonicalSerial(leaf.serialNumber), uri: formatIdentity(identity), notBeforeMs };
  if (tls.denyList?.denies(shown) === true) return false;
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
