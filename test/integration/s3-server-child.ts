// The S3 server's own process. The server encrypts its page tokens with DES, which OpenSSL has only with its legacy
// provider. A process chooses that provider when it starts. Prints its port; ends when its parent does.

import S3rver from "s3rver";

const [directory = "", bucket = ""] = process.argv.slice(2);
const server = new S3rver({
  ...{ address: "127.0.0.1", port: 0, silent: true, directory },
  configureBuckets: [{ name: bucket, configs: [] }],
});
const { port } = await server.run();
process.stdout.write(`${port}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
