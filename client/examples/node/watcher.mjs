// A watcher in JavaScript: prints every event of a build exactly once, one line of JSON each, whether the
// connection breaks or the server is restarted, and ends when the build does.
//
//   node watcher.mjs HOST:PORT SHADOW_INDEX_ID
//
// The revision of the last event is all that has to be remembered; it may as well be kept in a file.

import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const descriptors = new URL("../../../proto/target/shadowindex.binpb", import.meta.url); // from `make build`
const definition = loader.loadFileDescriptorSetFromBuffer(readFileSync(descriptors), {
  keepCase: true,
  longs: String,
  enums: String,
  oneofs: true,
});
const { ShadowIndexService } = grpc.loadPackageDefinition(definition).shadowindex.v1;

const [server, id] = process.argv.slice(2);
if (!server || !id) {
  console.error("usage: node watcher.mjs HOST:PORT SHADOW_INDEX_ID");
  process.exit(2);
}
const client = new ShadowIndexService(server, grpc.credentials.createInsecure(), {
  "grpc.keepalive_time_ms": 30_000, // notices a server that is gone without a word
});

let revision; // of the last event; undefined before the first
let pauseMs = 100;

function watch() {
  const request = { shadow_index_id: id };
  if (revision !== undefined) request.from_revision = revision;
  const stream = client.WatchBuild(request);
  stream.on("data", (message) => {
    pauseMs = 100;
    revision = message.revision;
    const event = message.event; // which field of the oneof is set
    if (event !== "heartbeat") {
      console.log(JSON.stringify({ revision, [event]: message[event] }));
    }
  });
  stream.on("status", ({ code }) => {
    if (code === grpc.status.OK) client.close(); // the build is final; nothing is left to wait for
  });
  stream.on("error", (error) => {
    if (error.code !== grpc.status.UNAVAILABLE) {
      console.error(`${grpc.status[error.code]}: ${error.details}`);
      process.exit(1);
    }
    setTimeout(watch, pauseMs);
    pauseMs = Math.min(2 * pauseMs, 5_000);
  });
}

watch();
