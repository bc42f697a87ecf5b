/**
 * What the page says: one polite live region for those who hear it, short notices for those who see it.
 * @module
 */

import { h, signal } from "./core.js";
import { each } from "./each.js";

/** @typedef {{id: string, text: string, tone: "calm" | "fault"}} Notice */

const STAY = 8_000;
const AT_ONCE = 4;

const notices = signal(/** @type {Notice[]} */ ([]));
const region = h("div", { class: "unseen", role: "status", "aria-live": "polite", id: "spoken" });
/** @type {string[]} */
const said = [];
let count = 0;

/** Put both places on the page. */
export function start() {
  const list = h("ul", { class: "notices" });
  each(list, () => notices.value, (notice) => notice.id, (item) => {
    const { id, text, tone } = item.peek();
    const close = h("button", { class: "quiet", type: "button", onclick: () => drop(id) }, "Dismiss");
    return h("li", { class: `notice ${tone}` }, h("span", null, text), close);
  });
  document.body.append(h("section", { "aria-label": "Notices" }, region, list));
}

/** Speak, without a trace on the page; what is said within a second is said together. @param {string} text */
export function announce(text) {
  if (!said.length) {
    setTimeout(() => {
      const some = said.splice(0);
      region.textContent = some.length > 3
        ? `${some[0]} And ${some.length - 1} more changes.`
        : some.join(" ");
    }, 700);
  }
  said.push(text);
}

/** Show and speak. A fault stays until it is dismissed. @param {string} text @param {Notice["tone"]} [tone] */
export function notice(text, tone = "calm") {
  const id = String(++count);
  notices.value = [...notices.value.slice(1 - AT_ONCE), { id, text, tone }];
  announce(text);
  if (tone === "calm") setTimeout(() => drop(id), STAY);
}

/** @param {string} id */
function drop(id) {
  notices.value = notices.value.filter((one) => one.id !== id);
}
