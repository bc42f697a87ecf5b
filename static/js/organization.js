/**
 * Settings of the organization: its name, and one's own membership.
 * @module
 */

import { call } from "./api.js";
import { effect, h } from "./core.js";
import { change } from "./edit.js";
import { form } from "./form.js";
import { leave } from "./leave.js";
import { notice } from "./notices.js";
import * as place from "./place.js";
import { here, may, me, organization } from "./session.js";
import { lockedWithout, settings } from "./settings.js";

const path = place.api(here.slug);
const name = h("input", { type: "text", required: true, maxlength: "200", autocomplete: "off" });

settings({
  part: "",
  intro: "What it is called, and your place in it.",
  about: ["member."],
  read: async () => {
    me.value = await call("GET", "/api/v1/me");
  },
  body: () => [naming(), membership()],
});

// what somebody is typing is not taken away when the page is read again
let before = "";
effect(() => {
  const now = organization.value?.name ?? "";
  if (name.value === before) name.value = now;
  before = now;
});

function naming() {
  const edit = form({
    submit: "Rename",
    fields: [{ name: "name", label: "Name", control: name, hint: "The address stays as it is." }],
    send: async () => {
      const seen = organization.peek();
      if (!seen) return;
      organization.value = await change(path, seen, { name: name.value.trim() });
      notice("The organization has its new name.");
    },
    stale: (current) => {
      organization.value = current;
      return current.name;
    },
  });
  return h(
    "section",
    { "aria-labelledby": "naming" },
    h("h2", { id: "naming" }, "Name and address"),
    h(
      "dl",
      { class: "facts-list" },
      h("dt", null, "Address"),
      h("dd", null, h("code", null, `${location.origin}${place.page(here.slug)}`)),
    ),
    h("div", { hidden: () => !may("organization:manage") }, edit),
    lockedWithout("organization:manage", "Only owners and admins rename the organization."),
  );
}

function membership() {
  const mine = () => me.value?.organizations.find(({ slug }) => slug === here.slug);
  return h(
    "section",
    { "aria-labelledby": "membership" },
    h("h2", { id: "membership" }, "Your membership"),
    h("p", null, () => `You are ${mine()?.roles.join(", ") || "a member without a role"} here.`),
    h("p", null, h("button", { type: "button", class: "grave", onclick: leave }, "Leave this organization")),
  );
}
