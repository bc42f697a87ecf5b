/**
 * Keys: single letters outside of inputs, sequences (`g i`), and Ctrl or Cmd with a letter (`mod+k`) anywhere.
 * @module
 */

import { signal } from "./core.js";

/** @typedef {{keys: string, what: string, run: () => void}} Binding */

const SETTING = "hub.keys";
const SEQUENCE = 1_200;

/** @type {Binding[]} */
export const bindings = [];
/** Single keys can be switched off (WCAG 2.1.4): speech input would type them. */
export const singles = signal(localStorage.getItem(SETTING) !== "off");

/** @param {boolean} on */
export function switchSingles(on) {
  singles.value = on;
  localStorage.setItem(SETTING, on ? "on" : "off");
}

/** @param {Binding[]} more */
export function bind(...more) {
  bindings.push(...more);
}

/** The name of the key that goes with a letter on this machine. */
export const MOD = /mac|iphone|ipad/i.test(navigator.userAgent) ? "⌘" : "Ctrl";

/** A binding's keys as they are shown. @param {string} keys */
export function shown(keys) {
  return keys.replace("mod+", `${MOD} `).split(" ");
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select") !== null;
}

/** Begin to listen. */
export function start() {
  let before = "";
  let at = 0;
  addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.defaultPrevented) return;
    const mod = event.ctrlKey || event.metaKey;
    const key = mod ? `mod+${event.key.toLowerCase()}` : event.key;
    if (!mod && (isTyping(event.target) || !singles.peek() || document.querySelector("dialog[open]"))) return;
    const sequence = event.timeStamp - at < SEQUENCE ? `${before} ${key}` : key;
    const binding = bindings.find((one) => one.keys === sequence) ?? bindings.find((one) => one.keys === key);
    [before, at] = [key, event.timeStamp];
    if (!binding) return;
    event.preventDefault();
    before = "";
    binding.run();
  });
}
