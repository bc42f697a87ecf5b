/**
 * The war room: one incident, its timeline, and what can be done.
 * @module
 */

import { act } from "./acts.js";
import { call, Problem } from "./api.js";
import { composer } from "./composer.js";
import { derive, dress, effect, h, signal } from "./core.js";
import { header } from "./header.js";
import { glass } from "./hiding.js";
import { bind } from "./keys.js";
import { allowed, VERBS } from "./lifecycle.js";
import { announce, notice } from "./notices.js";
import { start } from "./page.js";
import * as place from "./place.js";
import { presence } from "./presence.js";
import { here, me, organization, readServices, serviceName } from "./session.js";
import { incidents } from "./store.js";
import { timeline } from "./timeline.js";
import { trouble } from "./trouble.js";
import { label } from "./wire.js";
import { sentence } from "./words.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {import("./wire.js").Envelope} Envelope */
/** @typedef {import("./lifecycle.js").Verb} Verb */

const store = incidents(serviceName);
const incident = derive(() => store.list.value.find(isThis) ?? null);
const known = derive(() => incident.value !== null);
const missing = signal(false);
const log = timeline();
const room = presence();

/** The address has its number, or its id. @param {Incident} one */
function isThis(one) {
  return [one.id, String(one.number), label(one)].includes(here.number);
}

const page = start({
  hold() {
    store.hold();
    log.hold();
  },
  async read() {
    try {
      const [one] = await Promise.all([
        call("GET", place.api(here.slug, `/incidents/${encodeURIComponent(here.number)}`)),
        readServices(),
      ]);
      missing.value = false;
      store.begin([one]);
      await log.read(place.api(here.slug, `/incidents/${one.id}/timeline`), one.id);
    } catch (fault) {
      missing.value = fault instanceof Problem && fault.status === 404;
      if (missing.value) store.begin([]); // also where it was hidden while we looked
      throw fault;
    }
  },
  apply(events) {
    const id = incident.peek()?.id;
    const mine = id ? events.filter((event) => event.incident === id) : events;
    store.apply(mine);
    for (const event of log.apply(mine)) {
      if (event.actor !== organization.peek()?.actor.id) announce(`${event.actorname} ${sentence(event)}.`);
    }
  },
  present(id, members) {
    if (id === incident.peek()?.id) room.hear(members);
  },
  choices: () => {
    const one = incident.peek();
    const { actor, actions } = organization.peek() ?? { actor: { id: "" }, actions: [] };
    if (!one) return [];
    return allowed(one, actor.id, actions).map((verb) => ({
      title: `${VERBS[verb].label} ${label(one)}`,
      run: () => void perform(verb),
    }));
  },
});

room.attend(page, derive(() => incident.value?.id ?? ""));

/** Ask for a command; the answer shows at once, the stream brings it again and is recognised.
 * @param {string} command @param {Record<string, unknown>} [body] @param {string} [key]
 * @returns {Promise<boolean>} whether it was done */
async function perform(command, body, key) {
  const one = incident.peek();
  if (!one) return false;
  if (page.stale.peek()) return notice("Not live: wait for the connection, or try now."), false;
  const result = await act(one, command, body, key);
  if (!result) return false;
  const done = "incident" in result;
  store.put([done ? result.incident : result]);
  return done;
}

/** @param {Verb} verb */
const key = (verb) => () => {
  const { actor, actions } = organization.peek() ?? { actor: { id: "" }, actions: [] };
  const one = incident.peek();
  if (one && allowed(one, actor.id, actions).includes(verb)) void perform(verb);
};
bind(
  { keys: "a", what: "Acknowledge", run: key("acknowledge") },
  { keys: "m", what: "Mitigate", run: key("mitigate") },
  { keys: "e", what: "Resolve", run: key("resolve") },
  { keys: "r", what: "Write a note", run: () => document.querySelector("textarea")?.focus() },
  { keys: "u", what: "Up to the incidents", run: () => location.assign(place.page(here.slug)) },
);

effect(() => {
  const one = incident.value;
  document.title = one
    ? `${label(one)} ${one.title}`
    : `#${here.number} · ${organization.value?.name ?? here.slug}`;
});

const main = document.querySelector("main");
if (main) {
  main.replaceChildren();
  dress(main, { "aria-busy": () => String(!page.loaded.value) }, [
    () => missing.value ? notHere() : trouble(page.failure),
    () =>
      known.value &&
      header(/** @type {import("./core.js").Signal<Incident>} */ (incident), { perform, page }),
    () => !missing.value && log.node,
    room.node,
    () => known.value && composer({ perform, page, wrote: room.wrote }),
  ]);
}

function notHere() {
  const name = me.value?.person?.name;
  return h(
    "section",
    { class: "empty" },
    h("p", null, `There is no incident ${here.number} here${name ? ` that ${name} may see` : ""}.`),
    h("a", { href: place.page(here.slug) }, "All incidents"),
    glass(here.number),
  );
}
