// Which shards have reported the topology domains that they hold, and when: soft state of the leader
// (ADR-0013).

/** When a list was compared: by the leader of this term, with the shard's row at this version. */
interface Hearing {
  readonly term: number;
  readonly version: number;
}

/** Which shards have reported their domains, by shard id. */
export class HeardDomains {
  readonly #heard = new Map<string, Hearing>();

  has(shardId: string, { term, version }: Hearing): boolean {
    const heard = this.#heard.get(shardId);
    return heard?.term === term && heard.version === version;
  }

  note(shardId: string, hearing: Hearing): void {
    this.#heard.set(shardId, hearing);
  }
}
