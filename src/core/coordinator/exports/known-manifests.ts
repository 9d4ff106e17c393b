// Which manifests of a store a leader believes, and how they outlive the certificates that signed them (ADR-0064). An
// authority for replicas is replaced in stages, and certificates end. So a leader remembers what it has proved, and signs
// it again with its own certificate. What must stay true: only a manifest that was proved is signed again. The new
// signature names all earlier signers, so that the revocation of one of them still voids it.

import { createHash } from "node:crypto";
import { messageOf } from "../../base/errors.ts";
import type { CatalogEntry } from "../../export/catalog.ts";
import { encodeManifest, type ManifestSignature, type StoredManifest } from "../../export/manifest.ts";
import { isSigned, type ManifestSigning, signed, signedBytes } from "../../export/manifest-signature.ts";
import { manifestKey } from "../../export/snapshot-name.ts";
import type { SnapshotStore } from "../../export/snapshot-store.ts";

/** More changes of signers than that outlives no snapshot that is kept. */
const EARLIER_MAX = 64;

export type RenewalReport =
  | { readonly kind: "resigned"; readonly name: string }
  | { readonly kind: "unresigned"; readonly name: string; readonly error: string };

export class KnownManifests {
  readonly #signing: ManifestSigning;
  /** Fingerprints of what was proved, by name, for as long as the store has it. */
  #proved: ReadonlyMap<string, string> = new Map();
  /** The own certificate at the last renewal. */
  #signedAs = "";

  constructor(signing: ManifestSigning) {
    this.#signing = signing;
  }

  /** Whether this replica has another certificate than at the last renewal. */
  get isDue(): boolean {
    return this.#signing.own !== this.#signedAs;
  }

  /** The names of those that a replica of this cluster has signed. */
  proved(catalog: readonly CatalogEntry[]): ReadonlySet<string> {
    const now = catalog.flatMap(({ name, manifest }) => {
      const proof = manifest === null ? null : this.#proofOf(name, manifest);
      return proof === null ? [] : [[name, proof] as const];
    });
    this.#proved = new Map(now);
    return new Set(this.#proved.keys());
  }

  /** Signs again those of the proved ones whose signatures would not last. */
  async renew(
    store: SnapshotStore,
    catalog: readonly CatalogEntry[],
    onReport: (report: RenewalReport) => void,
  ): Promise<void> {
    this.#signedAs = this.#signing.own;
    for (const { name, manifest } of catalog) {
      const renewed = manifest !== null && this.#proved.has(name) ? this.#renewed(manifest) : null;
      if (renewed === null) continue;
      try {
        await store.put(manifestKey(name), encodeManifest(renewed));
        this.proved(catalog.map((entry) => (entry.name === name ? { ...entry, manifest: renewed } : entry)));
        onReport({ kind: "resigned", name });
      } catch (error) {
        // It is proved for as long as this replica remembers it; the next attempt is the next export's.
        onReport({ kind: "unresigned", name, error: messageOf(error) });
      }
    }
  }

  #renewed(manifest: StoredManifest): StoredManifest | null {
    const { signature } = manifest;
    if (signature === undefined || !this.#signing.isEnding(signature)) return null;
    const signer = this.#signing.signerOf(signature);
    const { earlier = [] } = signature;
    if (signer === null || earlier.length >= EARLIER_MAX) return null;
    return signed(manifest, this.#signing, [...earlier, signer]);
  }

  #proofOf(name: string, manifest: StoredManifest): string | null {
    const { signature } = manifest;
    if (signature === undefined || this.#signing.isRevoked(signature)) return null;
    const proof = fingerprint(manifest, signature);
    return this.#proved.get(name) === proof || isSigned(manifest, this.#signing) ? proof : null;
  }
}

/** The same for two manifests only if they and their signatures are the same. */
function fingerprint(
  manifest: StoredManifest,
  { certificate, value, earlier = [] }: ManifestSignature,
): string {
  const hash = createHash("sha256");
  for (const part of [signedBytes(manifest, earlier), certificate, value]) hash.update(part).update("\n");
  return hash.digest("hex");
}
