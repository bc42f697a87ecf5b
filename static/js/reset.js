/**
 * The page that a password link leads to. The link is behind the #, so that no server's log has it.
 * @module
 */

import { call, explain } from "./api.js";
import { dress, flush, h, signal } from "./core.js";

const link = location.hash.slice(1);
// not in the history either, where the next person at this browser would find it
history.replaceState(null, "", location.pathname);

const fault = signal(link ? "" : "This address has no link in it. Open the whole one that you were given.");
const busy = signal(false);
const done = signal(false);

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  if (busy.peek()) return;
  busy.value = true;
  fault.value = "";
  try {
    await call("POST", `/api/v1/password-resets/${encodeURIComponent(link)}`, { password: password.value });
    done.value = true;
  } catch (thrown) {
    fault.value = explain(thrown);
    flush();
    password.select();
  } finally {
    busy.value = false;
  }
}

const password = h("input", {
  id: "password",
  type: "password",
  name: "password",
  required: true,
  minlength: "10",
  maxlength: "1024",
  autocomplete: "new-password",
  "aria-describedby": "rule fault",
});

const form = h(
  "form",
  { onsubmit: submit, hidden: () => done.value },
  h("label", { for: "password" }, "New password"),
  password,
  h(
    "p",
    { id: "rule", class: "faint" },
    "At least 10 characters; several words are easier to keep than one odd one.",
  ),
  h("p", { id: "fault", class: "fault", role: "status" }, () => fault.value),
  h(
    "button",
    { class: "primary", "aria-disabled": () => String(busy.value) },
    () => busy.value ? "Setting it…" : "Set password",
  ),
);

const main = document.querySelector("main");
if (main) {
  main.replaceChildren();
  dress(main, null, [
    h("h1", null, "Choose a new password"),
    form,
    h(
      "p",
      { role: "status" },
      () =>
        done.value && [
          "Your password is set, and you are signed out everywhere. ",
          h("a", { href: "/sign-in" }, "Sign in"),
          ".",
        ],
    ),
  ]);
  password.focus();
}
