import { expect, test } from "vitest";
import { givenTarget, repeatTarget } from "../../../../src/ui/cli/repeat-target.ts";

const flag = (name: string, input: string) => ({ type: "flag", flag: name, input }) as const;
// "fleet cluster list" talks to a fleet, "fleet up" means a folder.
const flagsOf = (words: string) => {
  if (words.startsWith("up")) return ["dir"];
  return ["cluster list", "status", "role create"].some((known) => words.startsWith(known))
    ? ["dir", "context", "endpoints", "ca", "cert", "key"]
    : [];
};

test.each([
  { given: [], text: "see: fleet status", says: "see: fleet status", why: "nothing was given" },
  {
    given: [flag("context", "prod")],
    text: "see which nodes are up: fleet status, or fleet cluster list --drift",
    says: "see which nodes are up: fleet --context prod status, or fleet --context prod cluster list --drift",
    why: "each command means the same fleet",
  },
  {
    given: [flag("context", "prod"), flag("reason", "x")],
    text: "start it with: fleet up",
    says: "start it with: fleet up",
    why: "a local command knows no contexts",
  },
  {
    given: [flag("dir", "my fleet")],
    text: "start it with: fleet up",
    says: "start it with: fleet --dir 'my fleet' up",
    why: "a word of a shell",
  },
  {
    given: [flag("dir", "f")],
    text: "start it with fleet up --dir /srv/f, or remove it with fleet status -o json --dir /srv/f",
    says: "start it with fleet up --dir /srv/f, or remove it with fleet status -o json --dir /srv/f",
    why: "the command says it itself",
  },
  {
    given: [flag("endpoints", "a:1,b:2"), flag("ca", "ca.crt")],
    text: "the fleet is away: fleet status",
    says: "the fleet is away: fleet --endpoints a:1,b:2 --ca ca.crt status",
    why: "a fleet in prose is no command",
  },
  {
    given: [flag("endpoints", "a:1"), flag("cert", "me.crt"), flag("key", "me.key")],
    text: "ask an administrator: fleet role create r; see: fleet status",
    says: "ask an administrator: fleet --endpoints a:1 role create r; see: fleet --endpoints a:1 --cert me.crt --key me.key status",
    why: "an administrator has a certificate of their own",
  },
])("$says: $why", ({ given, text, says }) => {
  expect(repeatTarget(text, givenTarget(given), flagsOf)).toBe(says);
});
