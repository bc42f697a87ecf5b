/**
 * The organizations of who is here: go to another, or make one.
 * @module
 */

import { effect, h } from "./core.js";
import { sheet } from "./dialog.js";
import { founding } from "./founding.js";
import { settings } from "./parts.js";
import * as place from "./place.js";
import { here, me } from "./session.js";

/** Open the list, with the focus on the organization that one is in. */
export function openSwitcher() {
  sheet("Organizations", () => {
    // a quick hand opens this before it is known who is here
    effect(() => me.value && queueMicrotask(focusCurrent));
    return [
      organizations(),
      // the bar has no room for these on a phone
      h(
        "p",
        { class: "beside" },
        here.slug && h("a", { href: settings(here.slug, "") }, "Settings"),
        h("a", { href: "/account" }, "Your account"),
      ),
      h("section", null, h("h3", null, "A new one"), founding()),
    ];
  });
}

function focusCurrent() {
  if (document.activeElement?.closest(".inside")) return; // somebody went on meanwhile
  const current = document.querySelector(".switcher [aria-current], .switcher a");
  if (current instanceof HTMLElement) current.focus();
}

/** Those that one is in, with one's roles. */
export function organizations() {
  const mine = () => (me.value?.organizations ?? []).map(one);
  return h("ul", { class: "switcher", "aria-label": "Your organizations" }, mine);
}

/** @param {import("./wire.js").Membership} membership */
function one({ slug, name, roles }) {
  return h(
    "li",
    null,
    h(
      "a",
      { href: place.page(slug), "aria-current": slug === here.slug && "page" },
      h("span", { class: "name" }, name),
      h("span", { class: "faint" }, slug, " · ", roles.join(", ") || "no role"),
    ),
  );
}
