// An empty variable that names the key is refused: a script whose own variable is unset would make a folder without encryption.

import { expect, test } from "vitest";
import { encryptionSource } from "../../../../src/ui/cli/encryption-flags.ts";

const NONE = { "encryption-key-file": undefined, "encryption-key-command": undefined };

test.each(["FLEET_ENCRYPTION_KEY_FILE", "FLEET_ENCRYPTION_KEY_COMMAND"])("an empty %s is refused", (name) => {
  expect(() => encryptionSource(NONE, null, { [name]: "" })).toThrow(`${name} is empty`);
});

test("without the variables there is no encryption", () => {
  expect(encryptionSource(NONE, null, {})).toBeNull();
});
