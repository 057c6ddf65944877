// Sends a file with npm's tus-js-client: node tus_upload.mjs '{"endpoint", "file", "headers", "metadata", "piece"}'.
import { createReadStream, statSync } from "node:fs";
import { Upload } from "tus-js-client";

const { endpoint, file, headers, metadata, piece } = JSON.parse(process.argv[2]);
const offsets = [];
const upload = new Upload(createReadStream(file), {
  endpoint,
  headers,
  metadata,
  chunkSize: piece,
  uploadSize: statSync(file).size,
  retryDelays: Array(40).fill(50),
  onProgress: () => {},
  onChunkComplete: (_, accepted) => offsets.push(accepted),
  onError: (error) => { console.error(String(error)); process.exit(1); },
  onSuccess: () => { console.log(JSON.stringify({ url: upload.url, offsets })); },
});
upload.start();
