/** `eventsource` (npm): dials again by itself with its Last-Event-ID; a key by a `fetch` of its own. */

import { EventSource } from "eventsource";
import { key, Ledger } from "./ledger.mjs";

const ledger = new Ledger("eventsource");
const source = new EventSource(ledger.address("/events/stream"), {
  fetch: (input, init) =>
    fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${key}` } }),
});
source.onmessage = ({ data, lastEventId }) => ledger.see(lastEventId, [JSON.parse(data)]);
for (const name of ["welcome", "mark", "reset", "hidden"]) {
  source.addEventListener(name, ({ lastEventId }) => ledger.see(lastEventId, []));
}
