/**
 * Making an organization: its name, and the word for it in addresses.
 * @module
 */

import { h } from "./core.js";
import { create } from "./edit.js";
import { form } from "./form.js";
import * as place from "./place.js";
import { slugOf } from "./slug.js";

/** A form that makes an organization and goes there. */
export function founding() {
  const name = h("input", { type: "text", required: true, maxlength: "200", autocomplete: "organization" });
  const slug = h("input", {
    type: "text",
    required: true,
    minlength: "2",
    maxlength: "64",
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "off",
  });
  let suggested = "";
  name.addEventListener("input", () => {
    if (slug.value === suggested) slug.value = slugOf(name.value);
    suggested = slugOf(name.value);
  });
  return form({
    submit: "Create it",
    fields: [
      { name: "name", label: "Name", control: name },
      {
        name: "slug",
        label: "Short name",
        control: slug,
        hint: "For addresses: small letters, digits and hyphens. It is never changed.",
      },
    ],
    send: async () => {
      const made = await create("/api/v1/orgs", { name: name.value.trim(), slug: slug.value.trim() });
      location.assign(place.page(made.slug));
    },
  });
}
