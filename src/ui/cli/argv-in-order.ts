// `fleet --context prod status` is `fleet status --context prod`: flags that nearly every command has may stand first.
// Pure; loaded before oclif, so it names the flags itself (argv-in-order.test.ts compares them with the definitions).

/** With a value. */
export const VALUE_FLAGS: readonly string[] = [
  ...["--dir", "--context", "--endpoints", "--ca", "--cert", "--key"],
  ...["--output", "-o"],
];
/** Without one. */
export const PLAIN_FLAGS: readonly string[] = ["--insecure-loopback", "--json", "--no-color", "--ascii"];

/** The flags that stand before the command are moved behind it; what is not known stays, and is refused as it stands. */
export function argvInOrder(argv: readonly string[]): string[] {
  const count = leadingFlags(argv);
  const rest = argv.slice(count);
  if (count === 0 || rest.length === 0) return [...argv];
  const end = rest.indexOf("--");
  const at = end === -1 ? rest.length : end;
  return [...rest.slice(0, at), ...argv.slice(0, count), ...rest.slice(at)];
}

/** How many words the flags before the command are. */
function leadingFlags(argv: readonly string[]): number {
  let at = 0;
  for (let word = argv[at]; word !== undefined; word = argv[at]) {
    const [name = ""] = word.split("=", 1);
    const isShort = /^-o./.test(word) && !word.startsWith("-o=");
    if (PLAIN_FLAGS.includes(word) || isShort) at += 1;
    else if (VALUE_FLAGS.includes(name)) at += name === word ? 2 : 1;
    else break;
  }
  return Math.min(at, argv.length);
}
