/** The pure parts of the catalogue's pages: receipts in words, following one, roles, and what to paste. */

import assert from "node:assert/strict";
import { seconds, written } from "../../static/js/spans.js";
import { decisionOf, ending, follow, isOver, stateOf, times } from "../../static/js/outcome.js";
import { givable, HOLDS } from "../../static/js/scopes.js";
import { keyLine, senders } from "../../static/js/senders.js";

/** @param {object} more @returns {import("../../static/js/outcome.js").Receipt} */
const receipt = (more) => ({
  id: "rcp_1",
  state: "stored",
  format: "generic",
  integration: { id: "int_1", name: "Prometheus" },
  received_at: "2026-01-01T00:00:00Z",
  processed_at: null,
  request_id: "req",
  correlation_id: "",
  truncated: false,
  reason: "",
  items: [],
  events: [],
  events_total: 0,
  consumers: [],
  nobody_is_paged: true,
  body: null,
  ...more,
});

/** @param {object} more */
const item = (more) => ({
  index: 0,
  decision: "opened",
  rule: "nothing is open for this group",
  dedup_key: "test",
  alert: "alr_1",
  incident: "inc_1",
  detail: null,
  ...more,
});

/** A reader that gives one after the other. @param {object[]} answers */
function reader(...answers) {
  let asked = 0;
  return {
    read: () => Promise.resolve(receipt(answers[asked++] ?? {})),
    asked: () => asked,
  };
}

Deno.test("a test alert that opened an incident leads to it", () => {
  assert.deepEqual(ending(receipt({ state: "done", items: [item({})] })), {
    sentence: "Opened an incident: nothing is open for this group.",
    incident: "inc_1",
    bad: false,
  });
});

Deno.test("a test alert that led nowhere says why, once", () => {
  const { sentence, bad } = ending(receipt({ state: "dead", reason: "the body is not JSON" }));
  assert.ok(bad);
  assert.equal(
    sentence,
    "It could not be read; it is kept, and an incident tells of it. The body is not JSON.",
  );
  assert.ok(ending(receipt({ state: "done" })).bad);
  assert.match(ending(receipt({ state: "quarantined" })).sentence, /on hold/);
});

Deno.test("a state or decision of a later version is told by its own word", () => {
  assert.equal(stateOf("set_aside").word, "Set aside");
  assert.equal(decisionOf("folded_away"), "Folded away");
  assert.equal(stateOf("done").word, "Processed");
});

Deno.test("a repeat says how often its alert was heard of by then", () => {
  assert.equal(times({ count: 12 }), ", 12 times by then");
  assert.equal(times({ count: null }), "");
  assert.equal(times({}), "");
});

Deno.test("a receipt is followed to its end, and no further", async () => {
  const { read, asked } = reader({}, {}, { state: "done" }, { state: "dead" });
  let waits = 0;
  const seen = /** @type {string[]} */ ([]);
  const last = await follow(read, () => Promise.resolve(void waits++), 10, (one) => seen.push(one.state));
  assert.equal(last?.state, "done");
  assert.deepEqual([asked(), waits, seen], [3, 2, ["stored", "stored", "done"]]);
});

Deno.test("who follows a receipt gives up in the end, and what fails is told at once", async () => {
  const { read, asked } = reader();
  assert.equal(await follow(read, () => Promise.resolve(), 4), null);
  assert.equal(asked(), 4);
  await assert.rejects(follow(() => Promise.reject(new Error("away")), () => Promise.resolve(), 4), /away/);
  assert.ok(!isOver(receipt({})));
});

Deno.test("nobody is offered a role that may do more than they may", () => {
  const [observer = [], responder = [], admin = []] = Object.values(HOLDS);
  assert.deepEqual(givable([...admin, "owner:manage"]), ["observer", "responder", "admin"]);
  assert.deepEqual(givable(admin.filter((one) => one !== "audit:read")), ["observer", "responder"]);
  assert.deepEqual(givable(responder), ["observer", "responder"]);
  assert.deepEqual(givable(observer.slice(1)), []);
});

Deno.test("each sender has its address and snippet, in one order, and new ones come last", () => {
  const urls = { events: "/events", hooks: "/hooks/KEY", pagerduty: "/v2", alertmanager: "/am", sms: "/sms" };
  const snippets = { curl: "curl", pagerduty: "pd", alertmanager: "am", later: "og" };
  const made = senders(urls, snippets);
  assert.deepEqual(made.map(({ name }) => name), [
    "curl",
    "alertmanager",
    "pagerduty",
    "hooks",
    "sms",
    "later",
  ]);
  assert.deepEqual(made.map(({ url, text }) => [url, text]), [
    ["/events", "curl"],
    ["/am", "am"],
    ["/v2", "pd"],
    ["/hooks/KEY", ""],
    ["/sms", ""],
    ["", "og"],
  ]);
  assert.deepEqual(senders({}, {}), []);
});

Deno.test("the line of a key asks for what the key may read", () => {
  const line = (/** @type {string[]} */ scopes) => keyLine("https://hub.example", "acme", "ihk_1", scopes);
  const incidents = "curl -sS 'https://hub.example/api/v1/orgs/acme/incidents?status=open' " +
    "-H 'Authorization: Bearer ihk_1'";
  assert.equal(line([]), incidents);
  assert.equal(line(["audit:read", "incident:read"]), incidents);
  assert.equal(
    line(["audit:read"]),
    "curl -sS 'https://hub.example/api/v1/me' -H 'Authorization: Bearer ihk_1'",
  );
});

Deno.test("a span is read as people write it, and written as it is read", () => {
  /** @type {[string, number][]} */
  const spans = [["90s", 90], ["5m", 300], ["24 h", 86_400], [" 1d 12h ", 129_600], ["1d12h", 129_600], [
    "0s",
    0,
  ]];
  for (const [text, total] of spans) assert.equal(seconds(text), total, text);
  for (const text of ["", "5", "m", "5 weeks", "-5m", "1.5h", "5m!"]) {
    assert.ok(Number.isNaN(seconds(text)), text);
  }
  for (
    const [total, text]
      of /** @type {[number, string][]} */ ([[0, "0s"], [90, "1m 30s"], [129_600, "1d 12h"]])
  ) {
    assert.equal(written(total), text);
  }
});
