/**
 * The page that an invitation's link leads to. The link is behind the #, so that no server's log has it.
 * @module
 */

import { call, explain, Problem, useToken } from "./api.js";
import { full } from "./clock.js";
import { dress, flush, h, signal } from "./core.js";
import * as place from "./place.js";

/** @typedef {{organization: string, slug: string, email: string, role: string, expires_at: string}} Offer */
/** @typedef {"here" | "other" | "new" | "known"} Visitor signed in as the invited, as somebody else, or not */

const SESSION = "/api/v1/session";
const link = location.hash.slice(1);
const path = `/api/v1/invitations/${encodeURIComponent(link)}`;
// not in the history either, where the next person at this browser would find it
history.replaceState(null, "", location.pathname);

const day = new Intl.DateTimeFormat("en", { dateStyle: "long" });
const visitor = signal(/** @type {Visitor} */ ("new"));
const fault = signal("");
const busy = signal(false);

/** Sign in, or let the fault of the form say why not. @param {Offer} offer */
async function signIn(offer) {
  const started = await call("POST", SESSION, { email: offer.email, password: password.value });
  useToken(started.csrf);
}

/** Become a member in the way that fits the visitor, and go to the board. @param {Offer} offer */
async function join(offer) {
  if (visitor.peek() === "known") await signIn(offer);
  const isNew = visitor.peek() === "new";
  await call("POST", `${path}/accept`, isNew ? { name: name.value.trim(), password: password.value } : {});
  if (isNew) await signIn(offer);
  location.replace(place.page(offer.slug));
}

/** @param {() => Promise<void>} act */
async function attempt(act) {
  if (busy.peek()) return;
  busy.value = true;
  fault.value = "";
  try {
    await act();
  } catch (thrown) {
    fault.value = explain(thrown);
    flush();
  } finally {
    busy.value = false;
  }
}

async function signOut() {
  await call("DELETE", SESSION);
  useToken("");
  visitor.value = "known";
}

const isIn = () => visitor.value === "here" || visitor.value === "other";
const isNotNew = () => visitor.value !== "new";

const name = h("input", {
  id: "name",
  name: "name",
  required: true,
  disabled: isNotNew, // what is hidden must not be asked for
  hidden: isNotNew,
  maxlength: "200",
  autocomplete: "name",
  "aria-describedby": "fault",
});
const password = h("input", {
  id: "password",
  type: "password",
  name: "password",
  required: true,
  disabled: isIn,
  hidden: isIn,
  maxlength: "1024",
  minlength: () => isNotNew() ? null : "10",
  autocomplete: () => isNotNew() ? "current-password" : "new-password",
  "aria-describedby": "rule fault",
});

const LABELS = { here: "Join", other: "Sign out", new: "Create account and join", known: "Sign in and join" };

/** @param {Offer} offer */
function form(offer) {
  return h(
    "form",
    {
      onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        attempt(visitor.peek() === "other" ? signOut : () => join(offer));
      },
    },
    h(
      "p",
      null,
      `${offer.email} is invited as ${offer.role}, until `,
      h("time", { title: full(offer.expires_at) }, day.format(new Date(offer.expires_at))),
      ".",
    ),
    // tells a password keeper whose password this is
    h("input", { type: "email", autocomplete: "username", value: offer.email, hidden: true }),
    h("label", { for: "name", hidden: isNotNew }, "Your name"),
    name,
    h("label", { for: "password", hidden: isIn }, () => isNotNew() ? "Password" : "Choose a password"),
    password,
    h("p", { id: "rule", class: "faint", hidden: isNotNew }, "At least 10 characters."),
    h("p", { hidden: () => visitor.value !== "other" }, "You are signed in with another address."),
    h("p", { id: "fault", class: "fault", role: "status" }, () => fault.value),
    h("button", { class: "primary", "aria-disabled": () => String(busy.value) }, () => LABELS[visitor.value]),
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        hidden: isIn,
        onclick: () => {
          visitor.value = isNotNew() ? "new" : "known";
        },
      },
      () => isNotNew() ? "I am new here" : "I have an account",
    ),
  );
}

/** @param {Offer} offer @returns {Promise<Visitor>} */
async function whoIsHere(offer) {
  try {
    /** @type {import("./wire.js").Me} */
    const me = await call("GET", "/api/v1/me");
    useToken(me.csrf);
    return me.person?.email === offer.email ? "here" : "other";
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.status === 401) return "new";
    throw thrown;
  }
}

async function open() {
  const main = document.querySelector("main");
  if (!main) return;
  try {
    if (!link) {
      throw new Problem(404, {
        detail: "This address has no link in it. Open the whole one that you were given.",
      });
    }
    /** @type {Offer} */
    const offer = await call("GET", path);
    visitor.value = await whoIsHere(offer);
    main.replaceChildren();
    dress(main, null, [
      h("h1", null, `Join ${offer.organization}`),
      form(offer),
    ]);
  } catch (thrown) {
    main.replaceChildren(
      h("h1", null, "Your invitation"),
      h("p", { class: "fault", role: "status" }, explain(thrown)),
    );
  }
}

open();
