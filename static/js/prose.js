/**
 * Plain text with its web addresses as links; everything else stays the text it was.
 * @module
 */

import { h } from "./core.js";

const ADDRESS = /https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/g;

/** @param {string} text @returns {(Node | string)[]} */
export function prose(text) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    parts.push(text.slice(end, index), link(found, found));
    end = index + found.length;
  }
  return [...parts, text.slice(end)];
}

/** A link to another place, or its bare text where the address is no web address; senders write these.
 * @param {string} href @param {string} text @returns {Node | string} */
export function link(href, text) {
  const url = URL.canParse(href) ? new URL(href) : null;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") return text;
  return h("a", { href: url.href, rel: "noopener noreferrer", target: "_blank" }, text);
}
