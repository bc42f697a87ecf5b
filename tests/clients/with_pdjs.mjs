/** `@pagerduty/pdjs` (npm): https only; prints the status of each answer. */

import { acknowledge, change, resolve, trigger } from "@pagerduty/pdjs";

const [server, routing_key] = process.argv.slice(2);
const payload = { summary: "JavaScript says down", source: "js-1", severity: "critical" };
const dedup_key = "pdjs";

console.log((await trigger({ server, data: { routing_key, dedup_key, payload } })).status);
console.log((await change({ server, data: { routing_key, payload: { summary: "Deployed" } } })).status);
console.log((await resolve({ server, data: { routing_key, dedup_key } })).status);
console.log((await acknowledge({ server, data: { routing_key: "wrong", dedup_key } })).status);
