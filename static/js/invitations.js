/**
 * Settings: who is invited, and inviting.
 * @module
 */

import { brief, full, now } from "./clock.js";
import { h, signal } from "./core.js";
import { confirm } from "./dialog.js";
import { create, remove } from "./edit.js";
import { choice, form } from "./form.js";
import { listing, rows } from "./listing.js";
import { notice } from "./notices.js";
import * as place from "./place.js";
import { ROLES } from "./roles.js";
import { secret } from "./secret.js";
import { here, may } from "./session.js";
import { settings } from "./settings.js";

/** @typedef {{id: string, email: string, role: string, invited_by: {name: string}, expires_at: string,
 *   link: string | null, version: number}} Invitation */

const path = place.api(here.slug, "/invitations");
/** @type {ReturnType<typeof listing<Invitation>>} */
const list = listing(path);
const made = signal(/** @type {Invitation | null} */ (null));

settings({
  part: "invitations",
  intro: "An invitation is a link that works once, for one address. No mail is sent: hand it on yourself.",
  about: ["invitation."],
  read: list.read,
  body: () => [
    h("section", { "aria-labelledby": "invite" }, h("h2", { id: "invite" }, "Invite somebody"), invite()),
    () => made.value && link(made.value),
    h(
      "section",
      { "aria-labelledby": "waiting" },
      h("h2", { id: "waiting" }, "Waiting"),
      rows(list, { label: "Invitations that wait", empty: "Nobody is invited.", row }),
    ),
  ],
});

function invite() {
  const email = h("input", { type: "email", required: true, maxlength: "320", autocomplete: "off" });
  const role = choice(
    ROLES.filter(([value]) => value !== "owner" || may("owner:manage")),
    "responder",
  );
  const lasts = choice(
    [["3600", "an hour"], ["86400", "a day"], ["259200", "3 days"], ["604800", "a week"]],
    "604800",
  );
  return form({
    submit: "Make the link",
    inline: true,
    fields: [
      { name: "email", label: "Email", control: email },
      { name: "role", label: "Role", control: role },
      { name: "expires_in_seconds", label: "Works for", control: lasts },
    ],
    send: async () => {
      const body = {
        email: email.value.trim(),
        role: role.value,
        expires_in_seconds: Number(lasts.value),
      };
      const invitation = await create(path, body);
      list.put({ ...invitation, link: null });
      made.value = invitation;
      email.value = "";
    },
  });
}

/** @param {Invitation} invitation */
function link({ email, link }) {
  return secret({
    label: `Link for ${email}`,
    value: link ?? "",
    note: "Whoever has this link can join with that address. Send it to its owner only.",
    done: () => made.value = null,
  });
}

/** @param {import("./core.js").Signal<Invitation>} item */
function row(item) {
  const { email, role, invited_by, expires_at } = item.peek();
  return h(
    "li",
    null,
    h(
      "div",
      { class: "what" },
      h("strong", null, email),
      h(
        "p",
        { class: "faint", title: full(expires_at) },
        `Invited by ${invited_by.name}, ends in `,
        () => brief(Date.parse(expires_at) - now.value),
      ),
    ),
    h("ul", { class: "chips" }, h("li", null, role)),
    h(
      "div",
      { class: "do" },
      h(
        "button",
        {
          type: "button",
          "aria-label": `Withdraw the invitation of ${email}`,
          onclick: () => withdraw(item.peek()),
        },
        "Withdraw",
      ),
    ),
  );
}

/** @param {Invitation} invitation */
function withdraw(invitation) {
  confirm({
    title: `Withdraw the invitation of ${invitation.email}?`,
    what: h("p", null, "The link stops working at once."),
    verb: "Withdraw",
    perform: async () => {
      await remove(`${path}/${invitation.id}`, invitation);
      list.drop(invitation.id);
      if (made.peek()?.id === invitation.id) made.value = null;
      notice("The invitation is withdrawn.");
    },
  });
}
