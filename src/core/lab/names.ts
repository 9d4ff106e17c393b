// The names of the lab's rows. What must stay true: every name begins with `lab-` and no other row is ever
// touched. So a lab can be removed from a fleet without knowing its size.

export const LAB_PREFIX = "lab-";
/** Key of all the lab's domains. */
export const LAB_DOMAIN_KEY = "lab-rack";
export const LAB_PROVIDER = "lab-provider";

export const shardName = (number: number): string => `${LAB_PREFIX}s${padded(number, 3)}`;
export const clusterName = (number: number): string => `${LAB_PREFIX}c${padded(number, 5)}`;
export const domainValue = (number: number): string => `${LAB_PREFIX}r${padded(number, 6)}`;
export const regionName = (number: number): string => `${LAB_PREFIX}region-${padded(number, 2)}`;

export const isLabName = (name: string): boolean => name.startsWith(LAB_PREFIX);

/** No process listens there: only the lab itself dials a lab's shard. */
export const shardAddress = (number: number): string => `${shardName(number)}.invalid:1`;

function padded(number: number, digits: number): string {
  return String(number + 1).padStart(digits, "0");
}
