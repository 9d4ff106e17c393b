// The modes of a fleet's files: only the owner may read keys.

export const KEY_MODE = 0o600;
export const PUBLIC_MODE = 0o644;
