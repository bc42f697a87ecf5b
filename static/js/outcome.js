/**
 * Receipts in words: what became of one stored request, and whether that is its end.
 * @module
 */

/** @typedef {import("./wire.js").Named} Named */
/** @typedef {{index: number, decision: string, rule: string, dedup_key: string | null, alert: string | null,
 *   incident: string | null, detail: string | null, count: number | null, events: string[]}} Item */
/** @typedef {{id: string, type: string, time: string, incident: string | null}} Caused */
/** @typedef {{id: string, state: string, format: string, integration: Named, received_at: string,
 *   processed_at: string | null, request_id: string, correlation_id: string, truncated: boolean, reason: string,
 *   items: Item[], events: Caused[], events_total: number,
 *   consumers: {name: string, acknowledged: number}[], nobody_is_paged: boolean, body: string | null}} Receipt */

/** States of a stored request: the word, its tone, and what it means. @type {Record<string, [string, string, string]>} */
const STATES = {
  stored: ["Stored", "waiting", "It is kept and waits to be processed."],
  done: ["Processed", "good", "It was processed."],
  dead: ["Dead letter", "bad", "It could not be read; it is kept, and an incident tells of it."],
  quarantined: ["Quarantined", "waiting", "It came from another address while the integration is on hold."],
};

/** @type {Record<string, string>} */
const DECISIONS = {
  opened: "Opened an incident",
  joined: "Joined an open incident",
  reopened: "Reopened an incident",
  repeated: "Was known already",
  cleared: "Cleared its alert",
  acknowledged: "Acknowledged the incident",
  noted: "Wrote a note on the incident",
  recorded: "Was recorded",
  ignored: "Was ignored",
  rejected: "Was rejected",
  unreadable: "Could not be read",
};

/** What a state is called, how it looks, and what it means; a state of a later version by its own word.
 * @param {string} state */
export function stateOf(state) {
  const [word, tone, meaning] = STATES[state] ?? [capital(state), "waiting", ""];
  return { word, tone, meaning };
}

/** @param {string} decision */
export function decisionOf(decision) {
  return DECISIONS[decision] ?? capital(decision);
}

/** How often the alert of a repeat had been heard of by then; "" for any other item, and for one of an earlier
 * version. @param {{count?: number | null}} item */
export function times({ count }) {
  return count ? `, ${count} times by then` : "";
}

/** Nothing more comes of it by itself. @param {Receipt} receipt */
export function isOver(receipt) {
  return receipt.state !== "stored";
}

/** What became of a test alert, in one sentence, and the incident that it led to.
 * @param {Receipt} receipt @returns {{sentence: string, incident: string | null, bad: boolean}} */
export function ending(receipt) {
  const [item] = receipt.items;
  const incident = item?.incident ?? null;
  if (receipt.state === "done" && item && incident) {
    return { sentence: `${decisionOf(item.decision)}: ${item.rule}.`, incident, bad: false };
  }
  const { meaning } = stateOf(receipt.state);
  const why = receipt.reason || item?.detail || item?.rule || "";
  return { sentence: [meaning, why && `${capital(why)}.`].filter(Boolean).join(" "), incident, bad: true };
}

/** Read again and again until it is over; null where the time is up first. What `read` throws is thrown.
 * @param {() => Promise<Receipt>} read @param {() => Promise<void>} wait @param {number} tries
 * @param {(receipt: Receipt) => void} [seen] @returns {Promise<Receipt | null>} */
export async function follow(read, wait, tries, seen = () => {}) {
  for (let left = tries; left > 0; left--) {
    const receipt = await read();
    seen(receipt);
    if (isOver(receipt)) return receipt;
    if (left > 1) await wait();
  }
  return null;
}

/** @param {string} word */
function capital(word) {
  return (word[0] ?? "").toUpperCase() + word.slice(1).replaceAll("_", " ");
}
