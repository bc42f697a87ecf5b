/** Where a sign-in may lead: a page of this hub, whatever an address that anyone can write says. */

import assert from "node:assert/strict";
import * as place from "../../static/js/place.js";

const HOME = "https://hub.example";

const ELSEWHERE = [
  "//evil.example",
  "///evil.example",
  "////evil.example/orgs/acme",
  "//evil.example/orgs/acme",
  "/\\evil.example",
  "/\\/evil.example/orgs/",
  "\\\\evil.example",
  "\\/evil.example",
  "https://evil.example",
  "https://evil.example/orgs/acme",
  "https:evil.example",
  "https:/evil.example",
  "HTTPS://evil.example/account",
  "https://hub.example",
  "https://hub.example.evil.example/orgs/acme",
  "https://hub.example@evil.example/orgs/acme",
  "javascript:alert(1)",
  "JavaScript:alert(1)//orgs/",
  "java\nscript:alert(1)",
  "\u0001javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:x",
  "blob:https://hub.example/1",
  "file:///etc/passwd",
  " //evil.example",
  "\t//evil.example",
  "\n/orgs/acme",
  "/\t/evil.example",
  "/\n/evil.example/orgs/",
  "/.//evil.example",
  "/./../evil",
  "/orgs/..//evil.example",
  "/orgs/../../evil",
  "/orgs/%2e%2e/%2e%2e//evil.example",
  "/orgs\\..\\..\\evil",
  "/docs/..//evil.example",
  "/docs.evil.example",
  "/docs@evil.example",
  "/account:80@evil.example",
  "/accounts",
  "/sign-in?next=//evil.example",
  "/api/v1/me",
  "/livez",
  "/?next=//evil.example",
  "#//evil.example",
  "?next=//evil.example",
  ".evil.example",
  "evil.example",
  "orgs/acme",
  "",
  "/",
  "//",
  "null",
  "undefined",
];

// Odd, but still pages of ours: what is behind the path never leads away.
const HERE = [
  "/orgs/acme",
  "/orgs/acme/incidents/4?show=all#evt_1",
  "/orgs/acme?next=//evil.example",
  "/orgs/acme#https://evil.example",
  "/orgs//evil.example",
  "/orgs/\\evil.example",
  "/orgs/@evil.example",
  "/orgs/acme\t",
  "/docs",
  "/account?x=javascript:alert(1)",
];

for (const next of ELSEWHERE) {
  Deno.test(`a sign-in never leads to ${JSON.stringify(next)}`, () => {
    assert.equal(place.after(next, HOME), null);
  });
}

for (const next of HERE) {
  Deno.test(`a sign-in may lead to ${JSON.stringify(next)}, which is here`, () => {
    const to = place.after(next, HOME);
    assert.ok(to?.startsWith("/") && !to.startsWith("//") && !to.includes("\\"));
    const url = new URL(to ?? "", `${HOME}/sign-in`);
    assert.equal(url.origin, HOME);
    assert.match(url.pathname, /^\/(orgs\/.*|docs|account)$/);
  });
}
