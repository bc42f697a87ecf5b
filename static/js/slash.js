/**
 * What is written in the composer: a note, or a command that begins with a slash.
 * @module
 */

/** @typedef {{command: string, body: Record<string, unknown>}} Ask */

/** The words, what they ask for and how they are shown. @type {Record<string, {command: string, hint: string}>} */
export const WORDS = {
  "/ack": { command: "acknowledge", hint: "acknowledge: you have it" },
  "/unack": { command: "unacknowledge", hint: "nobody has it" },
  "/mitigate": { command: "mitigate", hint: "the harm has stopped" },
  "/resolve": { command: "resolve", hint: "it is over" },
  "/close": { command: "close", hint: "nothing is left to do" },
  "/reopen": { command: "reopen", hint: "it is not over" },
  "/sev": { command: "severity", hint: "1 to 5: how bad it is" },
  "/commander": { command: "commander", hint: "me, nobody, or a member's id: who leads the work" },
  "/hide": { command: "hide", hint: "ids of members and teams, or nothing: who sees it, besides you" },
  "/show": { command: "show", hint: "everybody sees it again" },
  "/split": { command: "split", hint: "ids of alerts: take them out, into incidents of their own" },
  "/note": { command: "note", hint: "write it down" },
};

/** Read a line: nothing (null), what to ask for, or why it cannot be read.
 * Text with a slash that is no command is not sent as a note: it was meant as a command; `//` begins a note with a slash.
 * @param {string} written @param {string} [me] the id of who writes
 * @returns {{ask: Ask} | {fault: string} | null} */
export function parse(written, me = "") {
  const text = written.trim();
  if (!text) return null;
  if (text.startsWith("//")) return { ask: { command: "note", body: { text: text.slice(1) } } };
  if (!text.startsWith("/")) return { ask: { command: "note", body: { text } } };
  const [word = ""] = text.split(/\s/, 1);
  const rest = text.slice(word.length).trim();
  const known = WORDS[word.toLowerCase()];
  if (!known) return { fault: `${word} is no command. There are ${Object.keys(WORDS).join(" ")}.` };
  if (known.command === "note") {
    return rest ? { ask: { command: "note", body: { text: rest } } } : { fault: "/note wants a text." };
  }
  if (known.command === "severity") {
    const digit = /^(?:sev)?([1-5])$/i.exec(rest)?.[1];
    return digit
      ? { ask: { command: "severity", body: { severity: `SEV${digit}` } } }
      : { fault: "/sev wants a number from 1 (worst) to 5." };
  }
  if (known.command === "commander") {
    const commander = rest === "nobody" ? null : rest === "me" ? me : rest;
    return commander === ""
      ? { fault: "/commander wants me, nobody, or a member's id." }
      : { ask: { command: "commander", body: { commander } } };
  }
  if (known.command === "hide") {
    const ids = rest.split(/[\s,]+/).filter(Boolean);
    const [members, teams] = ["mem_", "tem_"].map((kind) => ids.filter((id) => id.startsWith(kind)));
    return (members ?? []).length + (teams ?? []).length < ids.length
      ? { fault: "/hide wants ids of members (mem_…) and teams (tem_…)." }
      : { ask: { command: "hide", body: { members, teams } } };
  }
  if (known.command === "split") {
    const ids = rest.split(/[\s,]+/).filter(Boolean);
    return ids.length && ids.every((id) => id.startsWith("alr_"))
      ? { ask: { command: "split", body: { alerts: ids } } }
      : { fault: "/split wants ids of alerts (alr_…)." };
  }
  if (rest) return { fault: `${word} stands alone. Write the text as a note of its own.` };
  return { ask: { command: known.command, body: {} } };
}

/** The commands that begin with what is written, for hints. @param {string} written */
export function suggest(written) {
  if (!/^\/\w*$/.test(written)) return [];
  return Object.entries(WORDS).filter(([word]) => word.startsWith(written.toLowerCase()));
}
