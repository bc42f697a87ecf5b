/**
 * The top bar: where you are, whether the page is live, and who you are.
 * @module
 */

import { explain } from "./api.js";
import { brief, now } from "./clock.js";
import { dress, h } from "./core.js";
import { openHelp } from "./help.js";
import { MOD } from "./keys.js";
import { notice } from "./notices.js";
import { settings } from "./parts.js";
import { here, me, organization, signOut } from "./session.js";
import { openSwitcher } from "./switcher.js";

/** @typedef {import("./streamstate.js").State} State */
/** @typedef {import("./core.js").Signal<State>} StateSignal */

/** @type {Record<State["phase"], string>} */
const WORDS = {
  connecting: "Connecting",
  catching_up: "Catching up",
  live: "Live",
  retrying: "Reconnecting",
  stale: "Not live",
  ended: "Ended",
};

/** Fill the bar that the page brought along. @param {StateSignal} stream @param {() => void} openPalette */
export function bar(stream, openPalette) {
  const node = document.querySelector("#bar");
  if (!node) return;
  dress(node, null, [
    organizations(),
    h("span", { class: "grow" }),
    pill(stream),
    h(
      "button",
      { type: "button", class: "quiet wide", onclick: openPalette },
      "Go to ",
      h("kbd", null, `${MOD} K`),
    ),
    h(
      "button",
      { type: "button", class: "quiet wide", "aria-label": "Keyboard help", onclick: openHelp },
      "?",
    ),
    h("a", { class: "person wide", href: settings(here.slug, "") }, "Settings"),
    h("a", { class: "person wide", href: "/account", title: "Your account" }, () => me.value?.person?.name),
    h("button", { type: "button", class: "quiet", onclick: leave }, "Sign out"),
  ]);
}

function organizations() {
  return h(
    "button",
    {
      type: "button",
      class: "quiet organization",
      "aria-haspopup": "dialog",
      title: "Your organizations (g o)",
      onclick: openSwitcher,
    },
    h("span", { class: "unseen" }, "Organization: "),
    h("span", { class: "name" }, () => organization.value?.name ?? here.slug),
    h("span", { "aria-hidden": "true" }, "▾"),
  );
}

/** @param {StateSignal} stream */
function pill(stream) {
  return h(
    "span",
    {
      class: "pill",
      "data-phase": () => stream.value.phase,
      title: () => {
        now.value; // asked again every second
        return `Last heard ${brief(Date.now() - stream.value.heard)} ago`;
      },
    },
    h("i", { "aria-hidden": "true" }),
    () => WORDS[stream.value.phase],
    () => stream.value.phase === "catching_up" && stream.value.missed ? ` ${stream.value.missed}` : null,
  );
}

/** A line on every page while nobody would be woken. */
export function nobodyIsPaged() {
  return h(
    "section",
    { class: "unpaged", "aria-label": "Paging", hidden: () => !organization.value?.nobody_is_paged },
    h("strong", null, "Nobody is paged."),
    " This organization has no notification target yet: incidents show here, and wake no one.",
  );
}

async function leave() {
  try {
    await signOut();
  } catch (fault) {
    notice(`You are still signed in: ${explain(fault)}`, "fault");
  }
}
