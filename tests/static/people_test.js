/** Roles, short names, faults by field, and who sees which settings page. */

import assert from "node:assert/strict";

import { Problem } from "../../static/js/api.js";
import { sort } from "../../static/js/faults.js";
import { PARTS, settings, visible } from "../../static/js/parts.js";
import { local, moment, rolesOf, said } from "../../static/js/roles.js";
import { slugOf } from "../../static/js/slug.js";

/** @param {string} subject @param {string} role @param {import("../../static/js/roles.js").Scope} [scope] */
function binding(subject, role, scope) {
  return { id: role, subject: { id: subject, name: subject }, role, scope, expires_at: null, version: 1 };
}

/** @param {{pointer: string, detail: string}[]} errors */
function refused(errors) {
  return new Problem(400, {
    detail: "No.",
    request_id: "req_1",
    errors: errors.map((one) => ({ ...one, code: "x" })),
  });
}

Deno.test("a fault stands beside the field that it points at or into", () => {
  const fault = refused([
    { pointer: "/email", detail: "Not an address." },
    { pointer: "/email", detail: "Too long." },
    { pointer: "/links/0/url", detail: "Not a URL." },
  ]);
  const { fields, rest } = sort(fault, ["email", "links", "link"]);
  assert.deepEqual([...fields], [["email", "Not an address. Too long."], ["links", "Not a URL."]]);
  assert.equal(rest, "");
});

Deno.test("a fault without a field of this form is the form's, with its request", () => {
  const { fields, rest } = sort(refused([{ pointer: "/other", detail: "Unknown field." }]), ["email"]);
  assert.equal(fields.size, 0);
  assert.equal(rest, "Unknown field. (request req_1)");
  assert.equal(sort(refused([]), ["email"]).rest, "No. (request req_1)");
  const unreachable = new Problem(0, { code: "unreachable", detail: "Away." });
  assert.equal(sort(unreachable, ["email"]).rest, "Away.");
});

Deno.test("the request of a server's fault is told once", () => {
  const { rest } = sort(new Problem(503, { detail: "Later.", request_id: "req_2" }), []);
  assert.equal(rest, "Later. (request req_2)");
});

Deno.test("somebody's roles are their own, then those of their teams, and nobody else's", () => {
  const member = { id: "mem_1", teams: [{ id: "tem_1", name: "Core" }] };
  const all = [
    binding("tem_1", "admin"),
    binding("mem_2", "owner"),
    binding("mem_1", "observer"),
    binding("tem_2", "owner"),
  ];
  const found = rolesOf(all, member).map(({ binding: { role }, team }) => [role, team?.name]);
  assert.deepEqual(found, [["observer", undefined], ["admin", "Core"]]);
});

Deno.test("a role says where it holds, by the best name there is", () => {
  assert.equal(said(binding("a", "admin")), "admin");
  assert.equal(said(binding("a", "admin", { kind: "organization", id: null, name: "" })), "admin");
  const service = { kind: "service", id: "svc_1", name: "Pay" };
  assert.equal(said(binding("a", "observer", service)), "observer for service Pay");
  const hidden = { kind: "incident", id: "inc_1", name: "" };
  assert.equal(said(binding("a", "observer", hidden)), "observer for incident inc_1");
  assert.equal(said(binding("a", "observer", hidden), () => "#7"), "observer for incident #7");
});

Deno.test("a moment goes to the minute through the field and back", () => {
  const at = "2030-01-02T03:04:00.000Z";
  assert.equal(moment(local(at)), at);
  assert.equal(local("2030-01-02T03:04:59Z"), local(at));
  assert.equal(moment(""), null);
  assert.equal(local(null), "");
});

Deno.test("a short name has small letters, digits and single hyphens between", () => {
  for (
    const [name, slug] of [
      ["Acme", "acme"],
      ["  Çrème  & Söhne! ", "creme-sohne"],
      ["R2-D2", "r2-d2"],
      ["!!!", ""],
      ["日本", ""],
      ["x".repeat(80), "x".repeat(39)],
      [`${"x".repeat(38)} yz`, "x".repeat(38)],
    ]
  ) assert.equal(slugOf(name ?? ""), slug);
});

Deno.test("pages of people are for those who may see people", () => {
  const every = PARTS.flatMap(({ needs }) => needs ?? []);
  assert.deepEqual(visible(every), PARTS);
  const titles = visible(["member:read"]).map(({ title }) => title);
  assert.ok(titles.includes("Members") && titles.includes("Teams"));
  assert.ok(!titles.includes("Invitations") && !titles.includes("API keys"));
  assert.equal(settings("a b", ""), "/orgs/a%20b/settings");
  assert.equal(settings("acme", "teams"), "/orgs/acme/settings/teams");
});
