/**
 * Who else is in the war room, and who types: said on every connection, shown above the composer.
 * @module
 */

import { derive, effect, h, signal } from "./core.js";
import { announce } from "./notices.js";
import { organization } from "./session.js";
import { company } from "./words.js";

/** @typedef {import("./wire.js").Present} Present */
/** @template T @typedef {import("./core.js").Signal<T>} Signal */
/** @typedef {{stale: Signal<boolean>, connected: Signal<boolean>, say: (frame: Record<string, unknown>) => void}} Page */

const SAY_AGAIN = 4_000; // the server lets typing end after ten seconds
const IDLE = 6_000;

/** Where presence is heard and said. It is made before the page that carries it. */
export function presence() {
  const members = signal(/** @type {Present[]} */ ([]));
  const others = derive(() => members.value.filter(({ id }) => id !== organization.value?.actor.id));
  /** Those who were named to who listens: once, however often they come back. @type {Set<string>} */
  const named = new Set();
  let said = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let idle;
  /** @type {(state: string) => void} */
  let say = () => {};

  effect(() => {
    for (const { id, name } of others.value) {
      if (!named.has(id)) announce(`${name} is here too.`);
      named.add(id);
    }
  });

  return {
    /** @param {Present[]} now */
    hear(now) {
      members.value = now;
    },

    /** Be at this incident on every connection from now on. @param {Page} page @param {Signal<string>} id */
    attend(page, id) {
      say = (state) => page.say({ frame: "presence", incident: id.peek(), state });
      effect(() => {
        if (id.value && page.connected.value) say("viewing");
        else members.value = []; // nobody tells who goes
      });
    },

    /** Something was written, or (with no text) sent or deleted. @param {string} text */
    wrote(text) {
      clearTimeout(idle);
      if (!text.trim()) {
        if (said) say("viewing");
        said = 0;
        return;
      }
      if (Date.now() - said > SAY_AGAIN) {
        said = Date.now();
        say("typing");
      }
      idle = setTimeout(() => {
        said = 0;
        say("viewing");
      }, IDLE);
    },

    node: h(
      "p",
      { class: "present faint", hidden: () => !others.value.length },
      () => others.value.length ? company(others.value) : null,
    ),
  };
}
