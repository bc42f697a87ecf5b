/**
 * The sign-in page.
 * @module
 */

import { call, explain, Problem, useToken } from "./api.js";
import { dress, flush, h, signal } from "./core.js";
import { founding } from "./founding.js";
import * as place from "./place.js";
import { signOut } from "./session.js";

/** @typedef {import("./wire.js").Me} Me */

const fault = signal("");
const busy = signal(false);
/** Who is signed in and in no organization. */
const stranded = signal(/** @type {Me["person"]} */ (null));
const next = new URLSearchParams(location.search).get("next");

/** Go where the person wanted to, or to their first organization. @param {Me} me */
function enter(me) {
  const first = me.organizations[0];
  const to = place.after(next, location.origin) ?? (first && place.page(first.slug));
  if (to) location.replace(to);
  else {
    useToken(me.csrf);
    stranded.value = me.person;
  }
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  if (busy.peek()) return;
  busy.value = true;
  fault.value = "";
  try {
    await call("POST", "/api/v1/session", { email: email.value.trim(), password: password.value });
    enter(await whoAmI());
  } catch (thrown) {
    fault.value = explain(thrown);
    flush();
    if (thrown instanceof Problem && thrown.status === 401) password.select();
  } finally {
    busy.value = false;
  }
}

/** @returns {Promise<Me>} */
async function whoAmI() {
  try {
    return await call("GET", "/api/v1/me");
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.status !== 401) throw thrown;
    throw new Problem(401, {
      detail:
        "The sign-in worked, but this browser did not keep the cookie. It keeps secure cookies over https only.",
    });
  }
}

/** Where a Secure cookie cannot live, signing in cannot work; better said before than after. */
function insecure() {
  if (globalThis.isSecureContext) return null;
  const { hostname, port } = location;
  const own = port || "80";
  return h(
    "section",
    { class: "warning", "aria-label": "This connection is not secure" },
    h(
      "p",
      null,
      h("strong", null, "Signing in cannot work over this address. "),
      "The session cookie is marked secure, and browsers keep such cookies only over https, or on the hub's own machine.",
    ),
    h("p", null, "Open the hub by its https address, or tunnel to it and open the local end:"),
    h(
      "pre",
      { tabindex: "0", role: "group", "aria-label": "Commands" },
      `ssh -L ${own}:127.0.0.1:${own} ${hostname}\nhttp://localhost:${own}/`,
    ),
  );
}

/** Whom to ask for another password: the hub sends no mail. */
function forgotten() {
  return h(
    "details",
    null,
    h("summary", null, "Forgot your password?"),
    h(
      "p",
      null,
      "Ask an owner of your organization. Under Settings, Members, they make a link with which you set a new one.",
    ),
    h(
      "p",
      null,
      "If you are in several organizations, or are the only owner, ask whoever runs this hub. They type:",
    ),
    h(
      "pre",
      { tabindex: "0", role: "group", "aria-label": "Command" },
      "incidenthub person reset you@example.org",
    ),
  );
}

/** What somebody can do who is in no organization. @param {string} address */
function alone(address) {
  const leave = () => signOut().catch((thrown) => fault.value = explain(thrown));
  return h(
    "section",
    { class: "alone", "aria-label": "No organization yet" },
    h("p", null, `You are signed in as ${address}, and no organization has you as a member.`),
    h("p", null, "Open the link of an invitation, or make an organization of your own:"),
    founding(),
    h("p", { class: "fault", role: "status" }, () => fault.value),
    h("button", { type: "button", class: "quiet", onclick: leave }, "Sign out"),
  );
}

const email = h("input", {
  id: "email",
  type: "email",
  name: "email",
  required: true,
  autocomplete: "username",
  "aria-describedby": "fault",
});
const password = h("input", {
  id: "password",
  type: "password",
  name: "password",
  required: true,
  autocomplete: "current-password",
  "aria-describedby": "fault",
});

const main = document.querySelector("main");
if (main) {
  main.replaceChildren();
  dress(main, null, [
    h("h1", null, () => stranded.value ? "Welcome" : "Sign in to IncidentHub"),
    insecure(),
    () => stranded.value && alone(stranded.value.email),
    h(
      "form",
      { onsubmit: submit, hidden: () => stranded.value !== null },
      h("label", { for: "email" }, "Email"),
      email,
      h("label", { for: "password" }, "Password"),
      password,
      h("p", { id: "fault", class: "fault", role: "status" }, () => fault.value),
      h(
        "button",
        { class: "primary", "aria-disabled": () => String(busy.value) },
        () => busy.value ? "Signing in…" : "Sign in",
      ),
      forgotten(),
    ),
  ]);
  email.focus();
}

// who is signed in already has nothing to do here
call("GET", "/api/v1/me").then(enter, () => {});
