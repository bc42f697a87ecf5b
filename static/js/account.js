/**
 * The account page: where one is signed in, and one's password.
 * @module
 */

import { call, explain, useToken } from "./api.js";
import { brief, full, now, run } from "./clock.js";
import { dress, flush, h, signal } from "./core.js";
import { notice, start } from "./notices.js";
import { leaveIfSignedOut, me, signOut } from "./session.js";
import { openSwitcher, organizations } from "./switcher.js";

/** @typedef {{id: string, device: string, address: string, started_at: string, last_used_at: string,
 *   current: boolean}} Session */

const SESSIONS = "/api/v1/me/sessions";
const sessions = signal(/** @type {Session[]} */ ([]));
const busy = signal(false);
const fault = signal("");

/** What a User-Agent line most likely means; each browser also says the names of those below it. */
const BROWSERS = [["Edg", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], [
  "Safari/",
  "Safari",
]];
const SYSTEMS = [
  ["Windows", "Windows"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Android", "Android"],
  ["Mac OS X", "macOS"],
  ["CrOS", "ChromeOS"],
  ["Linux", "Linux"],
];

/** @param {string} agent */
function deviceName(agent) {
  const [browser, system] = [BROWSERS, SYSTEMS].map((names) =>
    names.find(([sign = ""]) => agent.includes(sign))?.[1]
  );
  if (browser && system) return `${browser} on ${system}`;
  return agent || "Unknown device";
}

/** A person has at most 100 sessions, so one page has them all. */
async function readSessions() {
  /** @type {import("./wire.js").Page<Session>} */
  const page = await call("GET", `${SESSIONS}?limit=200`);
  sessions.value = page.data;
}

/** Do it and read the list again, also after a failure: then the list was old.
 * @param {string} path @param {string} done */
async function end(path, done) {
  try {
    await call("DELETE", path);
    notice(done);
  } catch (thrown) {
    leaveIfSignedOut(thrown);
    notice(explain(thrown), "fault");
  }
  await readSessions().catch(leaveIfSignedOut);
}

async function leave() {
  try {
    await signOut();
  } catch (thrown) {
    notice(`You are still signed in: ${explain(thrown)}`, "fault");
  }
}

/** @param {SubmitEvent} event */
async function change(event) {
  event.preventDefault();
  if (busy.peek()) return;
  busy.value = true;
  fault.value = "";
  try {
    const started = await call("PUT", "/api/v1/me/password", { current: current.value, new: chosen.value });
    useToken(started.csrf);
    current.value = chosen.value = "";
    notice("Your password is changed. All other browsers are signed out.");
    await readSessions();
  } catch (thrown) {
    leaveIfSignedOut(thrown);
    fault.value = explain(thrown);
    flush();
  } finally {
    busy.value = false;
  }
}

/** @param {string} id @param {string} autocomplete @param {string} described */
function passwordField(id, autocomplete, described) {
  return h("input", { id, type: "password", required: true, autocomplete, "aria-describedby": described });
}

/** @param {string} at */
const ago = (at) => `${brief(now.value - Date.parse(at))} ago`;

/** @param {Session} session */
function row(session) {
  const device = deviceName(session.device);
  return h(
    "tr",
    { class: session.current ? "current" : null, role: "row" },
    h("td", { class: "device", role: "cell", title: session.device }, device),
    h("td", { role: "cell" }, session.address),
    h("td", { role: "cell", title: full(session.started_at) }, () => ago(session.started_at)),
    h("td", { role: "cell", title: full(session.last_used_at) }, () => ago(session.last_used_at)),
    h(
      "td",
      { role: "cell" },
      session.current ? "This browser" : h(
        "button",
        {
          type: "button",
          "aria-label": `End the session of ${device}, ${session.address}`,
          onclick: () => end(`${SESSIONS}/${session.id}`, "That browser is signed out."),
        },
        "End",
      ),
    ),
  );
}

const HEADS = ["Device", "Address", "Signed in", "Last used", "Session"];

function sessionList() {
  return h(
    "section",
    { "aria-labelledby": "sessions" },
    h("h2", { id: "sessions" }, "Where you are signed in"),
    h(
      "div",
      { class: "wide-table", tabindex: "0", role: "group", "aria-labelledby": "sessions" },
      h(
        "table",
        { role: "table" }, // on a phone its style is that of no table, which would take these roles away
        h(
          "thead",
          { role: "rowgroup" },
          h(
            "tr",
            { role: "row" },
            ...HEADS.map((head) => h("th", { scope: "col", role: "columnheader" }, head)),
          ),
        ),
        h("tbody", { role: "rowgroup" }, () => sessions.value.map(row)),
      ),
    ),
    h(
      "button",
      {
        type: "button",
        hidden: () => sessions.value.length < 2,
        onclick: () => end(SESSIONS, "All other browsers are signed out."),
      },
      "End all others",
    ),
  );
}

const current = passwordField("current", "current-password", "fault");
const chosen = passwordField("new", "new-password", "rule fault");
dress(chosen, { minlength: "10", maxlength: "1024" });

function passwordForm() {
  return h(
    "section",
    { "aria-labelledby": "password" },
    h("h2", { id: "password" }, "Password"),
    h(
      "form",
      { onsubmit: change },
      // tells a password keeper whose password this is
      h("input", { type: "email", autocomplete: "username", value: me.peek()?.person?.email, hidden: true }),
      h("label", { for: "current" }, "Current password"),
      current,
      h("label", { for: "new" }, "New password"),
      chosen,
      h(
        "p",
        { id: "rule", class: "faint" },
        "At least 10 characters. All other browsers will be signed out.",
      ),
      h("p", { id: "fault", class: "fault", role: "status" }, () => fault.value),
      h(
        "button",
        { class: "primary", "aria-disabled": () => String(busy.value) },
        () => busy.value ? "Changing it…" : "Change password",
      ),
    ),
  );
}

async function open() {
  const main = document.querySelector("main");
  if (!main) return;
  try {
    const who = await call("GET", "/api/v1/me");
    useToken(who.csrf);
    me.value = who;
    await readSessions();
    main.replaceChildren();
    dress(main, null, [
      h("h1", null, "Your account"),
      h("p", { class: "faint" }, `${who.person?.name}, ${who.person?.email}`),
      h(
        "section",
        { "aria-labelledby": "organizations" },
        h("h2", { id: "organizations" }, "Your organizations"),
        organizations(),
        h("button", { type: "button", onclick: openSwitcher }, "Make another"),
      ),
      sessionList(),
      passwordForm(),
    ]);
  } catch (thrown) {
    leaveIfSignedOut(thrown);
    main.replaceChildren(h("p", { class: "loading fault" }, explain(thrown)));
  }
  main.removeAttribute("aria-busy");
}

dress(/** @type {Element} */ (document.querySelector("#bar")), null, [
  h("span", { class: "grow" }),
  h("button", { type: "button", class: "quiet", onclick: leave }, "Sign out"),
]);
start();
run();
open();
