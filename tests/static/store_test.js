/** What a page holds: lists, answers and the stream meet in any order, and the newest version wins. */

import assert from "node:assert/strict";
import { incidents } from "../../static/js/store.js";

/** @typedef {import("../../static/js/wire.js").Incident} Incident */
/** @typedef {import("../../static/js/wire.js").Envelope} Envelope */

const AT = "2026-01-01T10:00:00Z";

/** @param {string} id @param {number} version @param {Partial<Incident>} [more] @returns {Incident} */
const incident = (id, version, more = {}) => ({
  id,
  number: Number(id.slice(4)),
  title: `Title of ${id}`,
  status: "triggered",
  severity: "SEV3",
  urgency: "high",
  service: { id: "svc_1", name: "payments" },
  version,
  alerts: { firing: 1, total: 1, stale: 0 },
  acknowledgements: [],
  commander: null,
  private: false,
  named: [],
  recurs: null,
  opened_at: AT,
  acknowledged_at: null,
  mitigated_at: null,
  resolved_at: null,
  closed_at: null,
  ...more,
});

/** @param {string} type @param {string} id @param {number} version @param {object} [data] @returns {Envelope} */
const event = (type, id, version, data = {}) => ({
  id: `evt_${id}_${version}`,
  type,
  time: AT,
  subject: id,
  actor: "mem_1",
  actorname: "Ada",
  incident: id,
  incidentversion: version,
  data,
});

/** @param {Incident[]} read */
function page(...read) {
  const store = incidents(() => "payments");
  store.hold();
  store.begin(read);
  return store;
}

Deno.test("an event above the version that was read is applied, one at or below it is not", () => {
  const store = page(incident("inc_1", 5));
  store.apply([event("incident.resolved", "inc_1", 5)]);
  assert.equal(store.get("inc_1")?.status, "triggered");
  store.apply([event("incident.resolved", "inc_1", 6)]);
  assert.deepEqual([store.get("inc_1")?.status, store.get("inc_1")?.version], ["resolved", 6]);
});

Deno.test("events that come while the list is read are kept, and only what is newer than the list is applied", () => {
  const store = incidents(() => "");
  store.hold();
  store.apply([event("alert.fired", "inc_1", 2), event("alert.fired", "inc_1", 3)]);
  assert.deepEqual(store.list.value, []);
  store.begin([incident("inc_1", 2, { alerts: { firing: 2, total: 2, stale: 0 } })]);
  assert.deepEqual(store.get("inc_1")?.alerts, { firing: 3, total: 3, stale: 0 });
});

Deno.test("an old list that comes late does not take back what the stream said", () => {
  const store = page(incident("inc_1", 5));
  store.apply([event("incident.acknowledged", "inc_1", 6)]);
  store.put([incident("inc_1", 5)]);
  assert.equal(store.get("inc_1")?.status, "acknowledged");
});

Deno.test("the answer to a command and its echo on the stream are one change", () => {
  const store = page(incident("inc_1", 5));
  store.put([incident("inc_1", 6, { alerts: { firing: 0, total: 1, stale: 0 } })]);
  store.apply([event("alert.cleared", "inc_1", 6)]);
  assert.deepEqual(store.get("inc_1")?.alerts, { firing: 0, total: 1, stale: 0 });
});

Deno.test("several events of one version all count", () => {
  const store = page(incident("inc_1", 5));
  store.apply([event("alert.fired", "inc_1", 6), event("alert.fired", "inc_1", 6)]);
  assert.equal(store.get("inc_1")?.alerts.firing, 3);
});

Deno.test("a new incident is there with its first alert", () => {
  const store = page();
  const data = { number: 7, title: "Disk full", service: "svc_1", severity: "SEV2", urgency: "high" };
  const unknown = store.apply([event("incident.opened", "inc_7", 1, data), event("alert.fired", "inc_7", 2)]);
  assert.deepEqual(unknown, []);
  const { title, number, service, alerts, version, status } = store.get("inc_7") ?? incident("inc_0", 0);
  assert.deepEqual(
    { title, number, service, alerts, version, status },
    {
      title: "Disk full",
      number: 7,
      service: { id: "svc_1", name: "payments" },
      alerts: { firing: 1, total: 1, stale: 0 },
      version: 2,
      status: "triggered",
    },
  );
});

Deno.test("an event about an incident that is not here names it once, so that it can be read", () => {
  const store = page(incident("inc_1", 1));
  assert.deepEqual(store.apply([event("incident.noted", "inc_2", 4), event("incident.noted", "inc_2", 5)]), [
    "inc_2",
  ]);
});

Deno.test("events of the organization itself are about no incident", () => {
  const store = page();
  const { incident: _, ...rest } = event("member.added", "mem_2", 0);
  assert.deepEqual(store.apply([rest]), []);
});

Deno.test("a list read again forgets what is gone", () => {
  const store = page(incident("inc_1", 1), incident("inc_2", 1));
  store.hold();
  store.begin([incident("inc_2", 2)]);
  assert.deepEqual(store.list.value.map(({ id }) => id), ["inc_2"]);
});

Deno.test("only the newest 5,000 incidents are held", () => {
  const store = page(...Array.from({ length: 5_001 }, (_, number) => incident(`inc_${number + 1}`, 1)));
  assert.equal(store.list.value.length, 5_000);
  assert.equal(store.get("inc_1"), undefined);
});

Deno.test("too many events for the buffer ask for one more reading", () => {
  const store = incidents(() => "");
  store.hold();
  store.apply(Array.from({ length: 5_001 }, (_, version) => event("incident.noted", "inc_1", version)));
  assert.equal(store.begin([]).again, true);
  store.hold();
  assert.equal(store.begin([]).again, false);
});

Deno.test("the whole lifecycle folds to what the server answers", () => {
  const store = page(incident("inc_1", 1));
  const by = { actor: "mem_1", name: "Ada", at: AT };
  store.apply([event("incident.acknowledged", "inc_1", 2), event("incident.mitigated", "inc_1", 3)]);
  assert.deepEqual(
    store.get("inc_1"),
    incident("inc_1", 3, {
      status: "mitigated",
      acknowledgements: [by],
      acknowledged_at: AT,
      mitigated_at: AT,
    }),
  );
  store.apply([event("incident.resolved", "inc_1", 4), event("incident.closed", "inc_1", 5)]);
  assert.equal(store.get("inc_1")?.status, "closed");
  store.apply([
    event("incident.reopened", "inc_1", 6),
    event("incident.severity_set", "inc_1", 7, { severity: "SEV1" }),
  ]);
  assert.deepEqual(store.get("inc_1"), incident("inc_1", 7, { severity: "SEV1" }));
  store.apply([event("incident.acknowledged", "inc_1", 8), event("incident.unacknowledged", "inc_1", 9)]);
  assert.deepEqual(store.get("inc_1"), incident("inc_1", 9, { severity: "SEV1" }));
});

Deno.test("a private incident says who sees it, and is shown under a number of the public ones", () => {
  const store = incidents(() => "payments");
  store.hold();
  const alone = incident("inc_1", 1, { number: -1, private: true, named: [] });
  store.begin([alone]);
  const named = [{ id: "mem_1", name: "Ada" }];
  store.apply([event("incident.hidden", "inc_1", 2, { named, was_private: true, reason: "" })]);
  const broken = { member: "mem_2", name: "Bob", reason: "why not", until: AT };
  store.apply([event("incident.glass_broken", "inc_1", 3, broken)]);
  assert.deepEqual(store.get("inc_1")?.named.map(({ name, until }) => [name, until]), [["Ada", null], [
    "Bob",
    AT,
  ]]);
  store.apply([event("incident.shown", "inc_1", 4, { number: 12 })]);
  const { private: hidden, number, named: left } = store.get("inc_1") ?? alone;
  assert.deepEqual([hidden, number, left], [false, 12, []]);
});
