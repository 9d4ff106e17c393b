// Numbers on the command lines of the runners.

export function natural(text: string): number {
  if (!/^\d+$/.test(text)) throw new TypeError(`${text} is not a natural number`);
  return Number(text);
}
