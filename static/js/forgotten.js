/**
 * A member has forgotten the password: an owner makes a link for them, which is shown once.
 * @module
 */

import { h, signal } from "./core.js";
import { attempt, create } from "./edit.js";
import * as place from "./place.js";
import { secret } from "./secret.js";
import { here, may, organization } from "./session.js";

/** @typedef {import("./people.js").Member} Member */

/** The part of a member's sheet; nothing for oneself, and for who may not. @param {Member} member */
export function forgotten({ id, name }) {
  const link = signal("");
  const make = () =>
    attempt(async () => {
      const made = await create(place.api(here.slug, `/members/${id}/password-reset`));
      link.value = made.link ?? "";
    });
  return () =>
    may("owner:manage") && organization.value?.actor.id !== id && h(
      "section",
      null,
      h("h3", null, "Password"),
      h(
        "p",
        null,
        "Forgotten? A link sets a new one: it works once, for an hour, and then ends all their sessions.",
      ),
      () =>
        link.value
          ? secret({
            label: `Password link for ${name}`,
            value: link.value,
            note: "Whoever has it can sign in as this member. Send it to them only.",
            done: () => link.value = "",
          })
          : h("button", { type: "button", onclick: make }, "Make a password link"),
    );
}
