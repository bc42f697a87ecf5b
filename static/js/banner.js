/**
 * The connection banner: why the page is not live, when it tries again, how old what it shows is.
 * @module
 */

import { brief, now } from "./clock.js";
import { effect, h } from "./core.js";
import { announce } from "./notices.js";

/** @typedef {import("./streamstate.js").State} State */

/** @param {import("./core.js").Signal<State>} stream @param {() => void} tryNow */
export function banner(stream, tryNow) {
  const away = () => stream.value.phase === "stale" || stream.value.phase === "ended";
  const catchesUp = () => stream.value.phase === "catching_up" && stream.value.told;
  let told = false;
  effect(() => {
    if (away() && !told) announce(`This page is not live. ${stream.value.why}`);
    told = away();
  });
  return h(
    "section",
    { class: "banner", "aria-label": "Connection", hidden: () => !away() && !catchesUp() },
    h(
      "p",
      null,
      h("strong", null, () => catchesUp() ? "Catching up. " : "Not live. "),
      () => catchesUp() ? soFar(stream.value) : stream.value.why || "The connection was lost.",
    ),
    h("p", { class: "figures", hidden: catchesUp }, () => {
      now.value; // asked again every second
      return `What you see is ${brief(Date.now() - stream.value.heard)} old and cannot be changed. ${
        next(stream.value)
      }`;
    }),
    h("button", { type: "button", hidden: () => stream.value.phase !== "stale", onclick: tryNow }, "Try now"),
  );
}

/** How far it has come. @param {State} state */
export function soFar({ missed }) {
  return missed === 1 ? "1 event so far." : `${missed} events so far.`;
}

/** @param {State} state */
function next({ phase, due }) {
  if (phase === "ended") return "";
  if (due === null) return "Trying now…";
  return `Next try in ${Math.max(1, Math.ceil((due - Date.now()) / 1_000))} s.`;
}
