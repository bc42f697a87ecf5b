/** Small pure parts: slash commands, filters, folding, addresses, durations, and the words of events. */

import assert from "node:assert/strict";
import { brief, running } from "../../static/js/clock.js";
import { compile } from "../../static/js/filter.js";
import { fold, summary } from "../../static/js/fold.js";
import { allowed } from "../../static/js/lifecycle.js";
import * as place from "../../static/js/place.js";
import { parse, suggest, WORDS } from "../../static/js/slash.js";
import { label } from "../../static/js/wire.js";
import { company, kinds, sentence } from "../../static/js/words.js";

/** @param {string} name */
const contract = (name) => Deno.readTextFile(new URL(`../../hub/contract/${name}.py`, import.meta.url));

Deno.test("plain text is a note, and blank text is nothing", () => {
  assert.deepEqual(parse(" look \n"), { ask: { command: "note", body: { text: "look" } } });
  assert.equal(parse("  \n"), null);
});

Deno.test("slash commands become commands", () => {
  assert.deepEqual(parse("/ack"), { ask: { command: "acknowledge", body: {} } });
  assert.deepEqual(parse("/RESOLVE "), { ask: { command: "resolve", body: {} } });
  assert.deepEqual(parse("/sev 2"), { ask: { command: "severity", body: { severity: "SEV2" } } });
  assert.deepEqual(parse("/sev SEV1"), { ask: { command: "severity", body: { severity: "SEV1" } } });
  assert.deepEqual(parse("/note a\nb"), { ask: { command: "note", body: { text: "a\nb" } } });
});

Deno.test("what looks like a command and is none is not sent as a note", () => {
  for (const text of ["/akc", "/sev", "/sev 6", "/sev 12", "/note", "/ack now", "/"]) {
    assert.ok("fault" in (parse(text) ?? {}), text);
  }
  assert.deepEqual(parse("//etc is full"), { ask: { command: "note", body: { text: "/etc is full" } } });
});

Deno.test("hints are those that begin with what is written", () => {
  assert.deepEqual(suggest("/re").map(([word]) => word), ["/resolve", "/reopen"]);
  assert.deepEqual(suggest("/sev 1"), []);
  assert.deepEqual(suggest("note"), []);
});

Deno.test("the command is taken, given, and given up", () => {
  /** @param {string | null} commander */
  const asks = (commander) => ({ ask: { command: "commander", body: { commander } } });
  assert.deepEqual(parse("/commander me", "mem_1"), asks("mem_1"));
  assert.deepEqual(parse("/commander mem_2", "mem_1"), asks("mem_2"));
  assert.deepEqual(parse("/commander nobody", "mem_1"), asks(null));
  assert.ok("fault" in (parse("/commander", "mem_1") ?? {}));
  assert.ok("fault" in (parse("/commander me") ?? {}));
});

Deno.test("an incident is hidden from all but those who are named, and shown again", () => {
  const hidden = (/** @type {string[]} */ members, /** @type {string[]} */ teams) => ({
    ask: { command: "hide", body: { members, teams } },
  });
  assert.deepEqual(parse("/hide"), hidden([], []));
  assert.deepEqual(parse("/hide mem_1, tem_2 mem_3"), hidden(["mem_1", "mem_3"], ["tem_2"]));
  assert.ok("fault" in (parse("/hide Ada") ?? {}));
  assert.deepEqual(parse("/show"), { ask: { command: "show", body: {} } });
  assert.deepEqual([label({ number: 7 }), label({ number: -7 })], ["#7", "P-7"]);
});

Deno.test("alerts are split off by their ids", () => {
  assert.deepEqual(parse("/split alr_1, alr_2"), {
    ask: { command: "split", body: { alerts: ["alr_1", "alr_2"] } },
  });
  for (const text of ["/split", "/split inc_1"]) assert.ok("fault" in (parse(text) ?? {}), text);
});

Deno.test("every command of the contract can be typed", async () => {
  const text = await contract("commands");
  const names = [...text.slice(text.indexOf("COMMANDS")).matchAll(/"(\w+)":/g)].map((found) => found[1]);
  assert.ok(names.length >= 8);
  assert.deepEqual(Object.values(WORDS).map(({ command }) => command).sort(), names.sort());
});

Deno.test("every kind of event that a responder sees has words", async () => {
  const text = (await Promise.all(["corrections", "events", "privacy", "silence", "storms"].map(contract)))
    .join("");
  const declared = [...text.matchAll(/^ {4}kind = "([\w.]+)"/gm)].map((found) => found[1]);
  assert.ok(declared.length >= 14);
  assert.deepEqual(kinds().sort(), declared.sort());
});

Deno.test("a kind of a later version is told by its name", () => {
  const event = /** @type {any} */ ({ type: "incident.role_taken", data: {} });
  assert.equal(sentence(event), "role taken");
});

/** @param {object} more @returns {any} */
const incident = (more) => ({
  number: 12,
  title: "Disk full on db-1",
  status: "triggered",
  severity: "SEV2",
  service: { id: "svc_1", name: "Payments API" },
  acknowledgements: [],
  ...more,
});

Deno.test("a filter finds what q= of the API finds", async () => {
  const corpus = JSON.parse(await Deno.readTextFile(new URL("queries.json", import.meta.url)));
  /** @type {Record<string, string>} */
  const statuses = {
    acknowledge: "acknowledged",
    mitigate: "mitigated",
    resolve: "resolved",
    close: "closed",
  };
  const all = corpus.incidents.map((/** @type {any} */ each) =>
    incident({
      ...each,
      service: { id: "svc_1", name: each.service },
      status: statuses[corpus.commands[each.number]] ?? "triggered",
    })
  );
  for (const [query, numbers] of Object.entries(corpus.queries)) {
    const found = all.filter(compile(query)).map((/** @type {any} */ each) => each.number);
    assert.deepEqual(found, numbers, query);
  }
});

Deno.test("a filter knows a service by its id and a private incident by its label; nonsense finds nothing", () => {
  const secret = incident({ number: -7 });
  for (const query of ["service:svc_1", "p-7", "P-7 disk"]) assert.ok(compile(query)(secret), query);
  for (const query of ["#-7", "severity:6", "severity:x", "status:fired"]) {
    assert.ok(!compile(query)(secret), query);
  }
});

const ALL = ["incident:acknowledge", "incident:resolve"];

Deno.test("what may be done follows the lifecycle", () => {
  /** @param {string} status */
  const verbs = (status) => allowed(incident({ status }), "mem_1", ALL);
  assert.deepEqual(verbs("triggered"), ["acknowledge", "mitigate", "resolve"]);
  assert.deepEqual(verbs("acknowledged"), ["acknowledge", "unacknowledge", "mitigate", "resolve"]);
  assert.deepEqual(verbs("mitigated"), ["acknowledge", "resolve"]);
  assert.deepEqual(verbs("resolved"), ["close", "reopen"]);
  assert.deepEqual(verbs("closed"), ["reopen"]);
});

Deno.test("what may be done follows the role, and who has it need not take it again", () => {
  const mine = incident({ status: "acknowledged", acknowledgements: [{ actor: "mem_1" }] });
  assert.deepEqual(allowed(mine, "mem_1", ALL), ["unacknowledge", "mitigate", "resolve"]);
  assert.deepEqual(allowed(mine, "mem_2", ["incident:acknowledge"]), ["acknowledge", "unacknowledge"]);
  assert.deepEqual(allowed(mine, "mem_2", ["incident:read"]), []);
});

/** @param {string} type @param {string} time @returns {any} */
const event = (type, time) => ({ id: `${type}@${time}`, type, time, data: {} });

Deno.test("the first alert stands alone, later runs of alert events are one line, and days are told", () => {
  const types = [
    "incident.opened",
    "alert.fired",
    "alert.fired",
    "alert.fired",
    "alert.cleared",
    "incident.noted",
    "alert.fired",
  ];
  const events = types.map((type, minute) => event(type, new Date(2026, 0, 1, 10, minute).toISOString()));
  const next = event("incident.noted", new Date(2026, 0, 2, 10).toISOString());
  assert.deepEqual(fold([...events, next]).map((item) => item.events.length), [0, 1, 1, 3, 1, 1, 0, 1]);
  assert.equal(summary(events.slice(2, 5)), "3 alert events: 2 fired, 1 cleared");
  assert.equal(summary(events.slice(1, 3)), "2 alerts fired");
});

Deno.test("a run keeps its key when it grows", () => {
  const events = [0, 1, 2, 3].map((minute) =>
    event("alert.fired", new Date(2026, 0, 1, 10, minute).toISOString())
  );
  assert.deepEqual(fold(events.slice(0, 3)).map(({ key }) => key), fold(events).map(({ key }) => key));
});

Deno.test("the way back after a sign-in leads to a page of this hub only", () => {
  /** @param {string | null} next */
  const after = (next) => place.after(next, "https://hub.example");
  assert.equal(after("/orgs/acme/incidents/4?show=all#evt_1"), "/orgs/acme/incidents/4?show=all#evt_1");
  assert.equal(after("/docs#get_me"), "/docs#get_me");
  assert.equal(after("/account"), "/account");
  for (
    const next of [
      null,
      "",
      "/",
      "//evil.example/orgs/",
      "https://evil.example/orgs/a",
      "javascript:alert(1)",
      "/orgs/../x",
      "/orgs\\..\\..\\x",
      "/docs.evil",
      "/docs/../x",
    ]
  ) assert.equal(after(next), null, String(next));
});

Deno.test("an address names the organization and the incident", () => {
  assert.deepEqual(place.read("/orgs/acme/incidents/12"), { slug: "acme", number: "12" });
  assert.deepEqual(place.read("/orgs/acme"), { slug: "acme", number: "" });
  assert.deepEqual(place.read("/sign-in"), { slug: "", number: "" });
  assert.equal(place.page("a/b", 3), "/orgs/a%2Fb/incidents/3");
});

Deno.test("durations are short on the board, exact in the war room, and never negative", () => {
  const minute = 60_000;
  assert.deepEqual([0, 42_900, 12 * minute, 187 * minute, 52 * 60 * minute].map(brief), [
    "0s",
    "42s",
    "12m",
    "3h 07m",
    "2d 04h",
  ]);
  assert.equal(running(187 * minute + 5_000), "3:07:05");
  assert.equal(running(52 * 60 * minute), "2d 04:00:00");
  assert.equal(brief(-5_000), "0s");
});

/** @param {string} name @param {"viewing" | "typing"} [state] */
const one = (name, state = "viewing") => ({ id: name, name, state });

Deno.test("those who are here are named, who types is said, and a crowd is counted", () => {
  assert.equal(company([one("Bob")]), "Also here: Bob");
  assert.equal(company([one("Bob"), one("Carol", "typing")]), "Also here: Bob, Carol (typing…)");
  const crowd = company([..."abcdefgh"].map((name) => one(name)));
  assert.equal(crowd, "Also here: a, b, c, d, e, f and 2 more");
});
