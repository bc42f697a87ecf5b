/**
 * What a page says when it cannot show what it is for.
 * @module
 */

import { h } from "./core.js";
import * as place from "./place.js";
import { here, me, organization } from "./session.js";

/** @param {import("./core.js").Signal<string>} failure empty while there is none */
export function trouble(failure) {
  return h("div", null, () => {
    if (!failure.value) return null;
    const others = me.value?.organizations ?? [];
    if (organization.value || !others.length) return h("p", { class: "failure" }, failure.value);
    return h(
      "section",
      { class: "empty" },
      h("p", null, `There is no organization “${here.slug}” that you may see.`),
      h("p", null, "Yours: ", ...others.map(({ slug, name }) => h("a", { href: place.page(slug) }, name))),
    );
  });
}
