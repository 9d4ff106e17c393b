// Identifies a topology domain in our tables. The form KEY=VALUE is only for people: keys and values may
// contain "=", so two domains may look alike.

export interface DomainId {
  readonly key: string;
  readonly value: string;
}

/** No two domains share it. */
export function domainId({ key, value }: DomainId): string {
  return JSON.stringify([key, value]);
}
