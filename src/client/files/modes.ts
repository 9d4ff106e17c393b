// Who may read what a fleet writes: keys their owner alone.

export const KEY_MODE = 0o600;
export const PUBLIC_MODE = 0o644;
