// The storage's tests over again, with every folder encrypted.

import { encryptFolders } from "./support.ts";

encryptFolders();

await import("./disk-storage.test.ts");
await import("./model.test.ts");
await import("./pinned.test.ts");
await import("./recovery.test.ts");
await import("./snapshots.test.ts");
