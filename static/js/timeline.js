/**
 * The timeline: what was read and what the stream adds, newest last, in a window that follows its end.
 * @module
 */

import { call } from "./api.js";
import { derive, effect, h, signal } from "./core.js";
import { each } from "./each.js";
import { entry } from "./entry.js";
import { fold } from "./fold.js";

/** @typedef {import("./wire.js").Envelope} Envelope */

const MOST = 20_000;
const WINDOW = 300;
const NEAR = 48;

/** Make a timeline: `hold` events back, `read` it from the start, then `apply`. */
export function timeline() {
  const events = signal(/** @type {Envelope[]} */ ([]));
  const shown = signal(WINDOW);
  const unseen = signal(0);
  const items = derive(() => fold(events.value));
  /** Titles of alerts: what clears one does not repeat it. @type {Map<string, string>} */
  const titles = new Map();
  /** Ids of notes that were taken back. @type {import("./core.js").Signal<ReadonlySet<string>>} */
  const corrected = signal(new Set());
  let ids = new Set();
  /** @type {Envelope[] | null} */
  let early = [];
  let following = true;
  let top = 0;

  /** @param {Envelope[]} more @returns {Envelope[]} those that were new */
  function add(more) {
    const fresh = more.filter((event) => !ids.has(event.id));
    for (const { id, type, subject, data } of fresh) {
      ids.add(id);
      if (type === "alert.fired" || type === "incident.opened") titles.set(subject, data.title);
      if (type === "incident.note_corrected") corrected.value = new Set([...corrected.peek(), data.corrects]);
    }
    if (fresh.length) events.value = [...events.value, ...fresh].slice(-MOST);
    return fresh;
  }

  const list = h("ol", { class: "events" });
  each(
    list,
    () => items.value.slice(-shown.value),
    (item) => item.key,
    (item) => entry(item, titles, corrected),
  );
  const box = h(
    "div",
    {
      class: "timeline",
      tabindex: "0",
      role: "region",
      "aria-label": "Timeline, newest last",
      onscroll: look,
    },
    h(
      "button",
      {
        type: "button",
        class: "earlier",
        hidden: () => items.value.length <= shown.value,
        onclick: () => shown.value += WINDOW,
      },
      "Show earlier events",
    ),
    list,
  );
  const pill = h(
    "button",
    { type: "button", class: "new", hidden: () => !unseen.value, onclick: toEnd },
    () => `${unseen.value} new ↓`,
  );

  /** Only moving up leaves the end: more events also put it out of reach, until the next frame. */
  function look() {
    if (box.scrollHeight - box.scrollTop - box.clientHeight < NEAR) following = true;
    else if (box.scrollTop < top) following = false;
    if (following) unseen.value = 0;
    top = box.scrollTop;
  }

  function toEnd() {
    following = true;
    unseen.value = 0;
    box.scrollTop = box.scrollHeight;
    box.focus({ preventScroll: true });
  }

  /** Show the event that the address names. */
  function aim() {
    const node = /^#evt_\w+$/.test(location.hash) ? document.getElementById(location.hash.slice(1)) : null;
    if (!node) return;
    following = false;
    for (const one of document.querySelectorAll(".aimed")) one.classList.remove("aimed");
    node.closest("details")?.setAttribute("open", "");
    node.classList.add("aimed");
    node.scrollIntoView({ block: "center" });
  }

  effect(() => {
    items.value;
    requestAnimationFrame(() => {
      if (following) box.scrollTop = box.scrollHeight;
    });
  });
  addEventListener("hashchange", aim);
  new ResizeObserver(() => following && (box.scrollTop = box.scrollHeight)).observe(box);

  return {
    node: h("section", { class: "log" }, box, pill),

    hold() {
      early = [];
    },

    /** Read all pages, then add what came meanwhile. Throws Problem. @param {string} path @param {string} incident */
    async read(path, incident) {
      const first = events.peek().length === 0;
      /** @type {Envelope[]} */
      const read = [];
      /** @type {string | null} */
      let cursor = null;
      do {
        /** @type {import("./wire.js").Page<Envelope>} */
        const page = await call(
          "GET",
          `${path}?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`,
        );
        read.push(...page.data);
        if (first) add(page.data);
        cursor = page.next_cursor;
      } while (cursor);
      if (!first) {
        ids = new Set();
        events.value = [];
        add(read);
      }
      add((early ?? []).filter((event) => event.incident === incident));
      early = null;
      if (first) requestAnimationFrame(aim);
    },

    /** Add events of this incident. @param {Envelope[]} more @returns {Envelope[]} those that are new and shown */
    apply(more) {
      if (early) {
        early = [...early, ...more].slice(-MOST);
        return [];
      }
      const fresh = add(more);
      if (!following) unseen.value += fresh.length;
      return fresh;
    },
  };
}
