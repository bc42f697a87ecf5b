/** `cloudevents` (npm), CNCF's own: fires and clears in one mode; prints what the hub says of each event. */

import { CloudEvent, CONSTANTS, emitterFor, httpTransport, Mode } from "cloudevents";

const [url, key, mode] = process.argv.slice(2);
const transport = httpTransport(url);
const headers = { Authorization: `Bearer ${key}` };

/** The SDK reads batches and has no word to send one: the JSON array of the format (section 4). */
const inABatch = (event) =>
  transport({ headers: { "content-type": CONSTANTS.MIME_CE_BATCH }, body: JSON.stringify([event]) }, {
    headers,
  });
const emit = emitterFor(transport, { mode: mode === "batch" ? Mode.STRUCTURED : mode });
const send = mode === "batch" ? inABatch : (event) => emit(event, { headers });

for (const data of [{ title: `JavaScript says down, ${mode}: \u00e9` }, { action: "resolve" }]) {
  const event = new CloudEvent({
    source: "//js-1",
    type: "test",
    data: { ...data, dedup_key: `js-${mode}` },
  });
  console.log(JSON.parse((await send(event)).body).status);
}
