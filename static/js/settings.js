/**
 * The frame of every settings page: the navigation, the title, and what somebody may not see here, with the reason.
 * @module
 */

import { call } from "./api.js";
import { dress, effect, h } from "./core.js";
import { start } from "./page.js";
import { PARTS, settings as address, visible } from "./parts.js";
import * as place from "./place.js";
import { here, may, me, organization } from "./session.js";
import { trouble } from "./trouble.js";

const PAUSE = 1_000;

/** @typedef {import("./core.js").Child} Child */
/** @typedef {import("./palette.js").Choice} Choice */

/**
 * @typedef {object} Shows
 * @property {string} part one of PARTS
 * @property {() => string} [title] of one thing, below its part; the part's unless given
 * @property {Child} intro a sentence below the title
 * @property {() => Promise<unknown>} read read what the page shows; called again when it has changed; throws Problem
 * @property {string[]} about event kinds begin with one of these when the page has changed: `member.`
 * @property {() => Child} body made once; hidden until `read` has succeeded
 * @property {() => Choice[]} [choices] what the palette offers here
 */

/** Show a settings page, live. @param {Shows} shows */
export function settings({ part, title, intro, read, about, body, choices = () => [] }) {
  const own = /** @type {import("./parts.js").Part} */ (PARTS.find((one) => one.part === part));
  const allowed = () => !own.needs || may(own.needs);
  const name = () => title?.() || own.title;
  let first = true;
  let isDue = false;
  let last = 0;

  /** Events come in bursts: the page is read again at most once a second. */
  function soon() {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      void page.again();
    }, Math.max(0, last + PAUSE - Date.now()));
  }

  const page = start({
    hold() {},
    async read() {
      if (!first) await look();
      first = false;
      last = Date.now();
      if (allowed()) await read();
    },
    apply(events) {
      const kinds = ["role.", "organization.", ...about];
      if (events.some(({ type }) => kinds.some((kind) => type.startsWith(kind)))) soon();
    },
    choices,
  });

  effect(() => {
    document.title = `${name()} · ${organization.value?.name ?? here.slug}`;
  });
  const main = document.querySelector("main");
  if (!main) return page;
  main.replaceChildren();
  dress(main, { "aria-busy": () => String(!page.loaded.value) }, [
    navigation(part),
    h(
      "div",
      { class: "content" },
      h("header", null, h("h1", null, name), h("p", { class: "faint" }, intro)),
      trouble(page.failure),
      h("p", { class: "faint", hidden: () => page.loaded.value || page.failure.value !== "" }, "Loading…"),
      () =>
        page.loaded.value && !allowed() && locked(`Your role does not include ${own.needs}: ask an admin.`),
      h("div", { class: "content", hidden: () => !page.loaded.value || !allowed() }, body()),
    ),
  ]);
  return page;
}

/** Read what one may do here once more; only what differs repaints. */
async function look() {
  const found = await call("GET", place.api(here.slug));
  if (JSON.stringify(found) !== JSON.stringify(organization.peek())) organization.value = found;
}

/** @param {string} part */
function navigation(part) {
  return h("nav", { class: "parts", "aria-label": "Settings" }, () => {
    const seen = visible(organization.value?.actions ?? []);
    return [...Map.groupBy(seen, ({ group }) => group)].map(([group, parts]) => links(group, part, parts));
  }, () => me.value && links("You", part, [{ part: "/account", title: "Your account", group: "You" }]));
}

/** @param {string} group @param {string} current @param {import("./parts.js").Part[]} parts */
function links(group, current, parts) {
  return h(
    "div",
    null,
    h("h2", null, group),
    h(
      "ul",
      null,
      ...parts.map(({ part, title }) =>
        h("li", null, link(part.startsWith("/") ? part : address(here.slug, part), title, part === current))
      ),
    ),
  );
}

/** @param {string} href @param {string} title @param {boolean} isHere */
function link(href, title, isHere) {
  const node = h("a", { href, "aria-current": isHere && "page" }, title);
  // On a phone the parts are one line that is longer than the screen.
  if (isHere) requestAnimationFrame(() => node.scrollIntoView({ block: "nearest", inline: "center" }));
  return node;
}

/** A line that says why something cannot be done here. @param {Child} why */
export function locked(why) {
  return h("p", { class: "locked" }, why);
}

/** The same, only while the action is missing. @param {string} action @param {string} why */
export function lockedWithout(action, why) {
  return h("div", { hidden: () => may(action) }, locked(why));
}
