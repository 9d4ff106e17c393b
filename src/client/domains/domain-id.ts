// What tells one topology domain from every other in a table of ours. Written KEY=VALUE two may look alike: keys and
// values may hold a "=", so that is for people only.

export interface DomainId {
  readonly key: string;
  readonly value: string;
}

/** No two domains share it. */
export function domainId({ key, value }: DomainId): string {
  return JSON.stringify([key, value]);
}
