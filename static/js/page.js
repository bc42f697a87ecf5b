/**
 * What every page of an organization does: open the stream, then read, then follow; bar, banner, keys, palette.
 * @module
 */

import { explain, Problem } from "./api.js";
import { bar, nobodyIsPaged } from "./bar.js";
import { banner } from "./banner.js";
import { run } from "./clock.js";
import { dress, signal } from "./core.js";
import * as focus from "./focus.js";
import { openHelp } from "./help.js";
import * as keys from "./keys.js";
import * as notices from "./notices.js";
import { palette } from "./palette.js";
import { PARTS, settings, visible } from "./parts.js";
import * as place from "./place.js";
import { enter, here, leaveIfSignedOut, me, organization, probe, signOut } from "./session.js";
import { follow } from "./stream.js";
import { openSwitcher } from "./switcher.js";

/** @typedef {import("./palette.js").Choice} Choice */
/** @typedef {import("./wire.js").Envelope} Envelope */
/** @typedef {import("./wire.js").Present} Present */

const WAIT_FOR_STREAM = 1_500;
const patience = () => 3_000 + Math.random() * 3_000;

/**
 * @typedef {object} Wants
 * @property {() => void} hold events are on their way; keep them until `read` is done
 * @property {() => Promise<void>} read read what the page shows; throws Problem
 * @property {(events: Envelope[]) => void} apply
 * @property {(incident: string, members: Present[]) => void} [present] who is at an incident now
 * @property {() => Choice[]} choices what the palette offers here
 */

/** Start a page. @param {Wants} wants */
export function start(wants) {
  const failure = signal("");
  const loaded = signal(false);
  let reading = false;
  let again = false;

  async function read() {
    if (reading) return void (again = true);
    reading = true;
    try {
      do {
        again = false;
        wants.hold();
        await enter();
        await wants.read();
      } while (again);
      failure.value = "";
      loaded.value = true;
    } catch (fault) {
      leaveIfSignedOut(fault);
      failure.value = explain(fault);
      // the stream may be open all the while: nobody else would read again
      if (!(fault instanceof Problem && [401, 403, 404].includes(fault.status))) setTimeout(read, patience());
    } finally {
      reading = false;
    }
  }

  const stream = follow(place.api(here.slug, "/stream"), {
    apply: wants.apply,
    reread: read,
    caughtUp: (count) =>
      notices.notice(`Live again. ${count === 1 ? "1 event" : `${count} events`} caught up.`),
    probe: async () => {
      const why = await probe();
      if (why) stream.refuse(why);
    },
    present: (incident, members) => wants.present?.(incident, members),
  });
  // no stream is no reason to show nothing
  setTimeout(() => loaded.peek() || read(), WAIT_FOR_STREAM);

  const open = palette(() => [...wants.choices(), ...everywhere()]);
  run();
  notices.start();
  bar(stream.state, open);
  document.querySelector("#bar")?.after(banner(stream.state, stream.tryNow), nobodyIsPaged());
  dress(document.body, { "data-stale": () => stream.stale.value });
  keys.start();
  focus.start();
  keys.bind(
    { keys: "mod+k", what: "Palette: go to or do anything", run: open },
    { keys: "g i", what: "Go to the incidents", run: () => location.assign(place.page(here.slug)) },
    { keys: "g o", what: "Your organizations: go to another, or make one", run: openSwitcher },
    ...PARTS.flatMap(({ part, title, keys }) =>
      keys ? { keys, what: `Settings: ${title}`, run: () => location.assign(settings(here.slug, part)) } : []
    ),
    { keys: "?", what: "This help", run: openHelp },
  );
  const { stale, connected, say } = stream;
  return { stale, connected, say, failure, loaded, again: read };
}

/** @returns {Choice[]} */
function everywhere() {
  const others = (me.value?.organizations ?? []).filter(({ slug }) => slug !== here.slug);
  return [
    { title: "Go to the incidents", keys: "g i", run: () => location.assign(place.page(here.slug)) },
    ...others.map(({ slug, name }) => ({
      title: `Go to ${name}`,
      run: () => location.assign(place.page(slug)),
    })),
    ...visible(organization.value?.actions ?? []).map(({ part, title, keys }) => ({
      title: `Settings: ${title}`,
      keys,
      run: () => location.assign(settings(here.slug, part)),
    })),
    { title: "Your organizations, or a new one", keys: "g o", run: openSwitcher },
    { title: "Your account", run: () => location.assign("/account") },
    { title: "Read about the API", run: () => location.assign("/docs") },
    { title: "Keyboard help", keys: "?", run: openHelp },
    {
      title: "Sign out",
      run: () => void signOut().catch((fault) => notices.notice(explain(fault), "fault")),
    },
  ];
}
