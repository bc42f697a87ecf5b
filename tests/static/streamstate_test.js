/** The stream's connection, step by step: a table of what it hears and what it then does. */

import assert from "node:assert/strict";
import { CLOSES, GRACE, start, step } from "../../static/js/streamstate.js";

/** @typedef {import("../../static/js/streamstate.js").State} State */
/** @typedef {import("../../static/js/streamstate.js").Input} Input */
/** @typedef {import("../../static/js/streamstate.js").Effect} Effect */

/** @param {string} from @param {string} [head] @param {string} [mode] @returns {Input} */
const welcome = (from, head = from, mode = from === head ? "live" : "replay") => ({
  kind: "frame",
  frame: { frame: "welcome", from, head, mode, heartbeat_ms: 15_000, retry: { min: 500, max: 4_000 } },
});

/** @param {string} after @param {string} cursor @param {number} [count] @returns {Input} */
const events = (after, cursor, count = 1) => ({
  kind: "frame",
  frame: { frame: "events", after, cursor, events: Array(count).fill({ id: cursor }) },
});

/** @param {string} cursor @returns {Input} */
const mark = (cursor) => ({ kind: "frame", frame: { frame: "mark", cursor, at: "2026-01-01T00:00:00Z" } });

/** Take inputs in turn; each is [milliseconds, input]. @param {State} state @param {[number, Input][]} inputs
 * @param {number} [random] */
function play(state, inputs, random = 0.5) {
  /** @type {Effect[]} */
  const effects = [];
  for (const [now, input] of inputs) {
    const [next, more] = step(state, input, now, random);
    state = next;
    effects.push(...more);
  }
  return { state, effects, did: effects.map((effect) => effect.do) };
}

/** @returns {State} a live connection at cursor a, at 0 ms */
const live = () => play(start(0), [[0, { kind: "dial" }], [0, welcome("a")]]).state;

Deno.test("a first connection is live and asks for the lists to be read after it is open", () => {
  const { state, did, effects } = play(start(0), [[0, { kind: "dial" }], [10, welcome("a")]]);
  assert.equal(state.phase, "live");
  assert.deepEqual(did, ["dial", "reread"]);
  assert.deepEqual(effects[0], { do: "dial", after: null });
});

Deno.test("events that follow the last cursor are applied and move it", () => {
  const { state, did } = play(live(), [[1, events("a", "b")], [2, events("b", "c", 3)]]);
  assert.deepEqual(did, ["apply", "apply"]);
  assert.equal(state.cursor, "c");
});

Deno.test("events that do not follow the last cursor are not applied; the page resumes from its own", () => {
  const { state, did } = play(live(), [[1, events("x", "y")]]);
  assert.deepEqual(did, ["hang_up"]);
  assert.equal(state.cursor, "a");
  const again = play(state, [[state.due ?? 0, { kind: "tick" }]]);
  assert.deepEqual(again.effects, [{ do: "dial", after: "a" }]);
});

Deno.test("a mark moves the cursor", () => {
  const { state, did } = play(live(), [[1, mark("b")], [2, events("b", "c")]]);
  assert.deepEqual(did, ["apply"]);
  assert.equal(state.cursor, "c");
});

Deno.test("a lost connection resumes from the cursor, catches up, and says how many events it missed", () => {
  const lost = play(live(), [[1_000, events("a", "b")], [2_000, { kind: "closed", code: 1006 }]]);
  assert.equal(lost.state.phase, "retrying");
  const due = lost.state.due ?? 0;
  const back = play(lost.state, [
    [due, { kind: "tick" }],
    [due, welcome("b", "d")],
    [due, events("b", "c", 2)],
    [due, events("c", "d", 3)],
  ]);
  assert.deepEqual(back.did, ["dial", "apply", "apply", "caught_up"]);
  assert.deepEqual(back.effects[0], { do: "dial", after: "b" });
  assert.deepEqual(back.effects.at(-1), { do: "caught_up", count: 5 });
  assert.equal(back.state.phase, "live");
});

Deno.test("catching up ends with a mark, and with a quiet second, when the head was passed", () => {
  const lost = play(live(), [[0, { kind: "closed", code: 1006 }], [5_000, { kind: "dial" }]]).state;
  const behind = play(lost, [[5_000, welcome("a", "c")], [5_000, events("a", "d", 4)]]).state;
  assert.equal(behind.phase, "catching_up");
  assert.equal(play(behind, [[5_001, mark("d")]]).state.phase, "live");
  assert.equal(play(behind, [[5_900, { kind: "tick" }]]).state.phase, "catching_up");
  const quiet = play(behind, [[6_001, { kind: "tick" }]]);
  assert.equal(quiet.state.phase, "live");
  assert.deepEqual(quiet.effects, [{ do: "caught_up", count: 4 }]);
});

Deno.test("within the grace nothing is said; after it the page is stale until it is welcome again", () => {
  const lost = play(live(), [[1_000, { kind: "closed", code: 1006 }]], 0.99).state;
  assert.equal(play(lost, [[1_000 + GRACE, { kind: "tick" }]]).state.phase, "retrying");
  const stale = play(lost, [[1_001 + GRACE, { kind: "tick" }]]).state;
  assert.equal(stale.phase, "stale");
  const dialling = play(stale, [[7_000, { kind: "dial" }], [7_000, { kind: "closed", code: 1006 }]]).state;
  assert.equal(dialling.phase, "stale");
  assert.equal(play(dialling, [[8_000, { kind: "dial" }], [8_000, welcome("a")]]).state.phase, "live");
});

/** How long it waits after each of some failures in a row. @param {number} failures @param {number} random */
function waits(failures, random) {
  let state = live();
  let now = 0;
  const waited = [];
  while (waited.length < failures) {
    state = play(state, [[now, { kind: "closed", code: 1006 }]], random).state;
    waited.push((state.due ?? 0) - now);
    now = state.due ?? 0;
    state = play(state, [[now, { kind: "tick" }]]).state;
  }
  return waited;
}

Deno.test("the wait is drawn from the whole window of the server, which doubles with each failure", () => {
  assert.deepEqual(waits(7, 0), Array(7).fill(500));
  assert.deepEqual(waits(6, 1), [4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  assert.deepEqual(waits(1, 0.5), [2_250]);
});

Deno.test("a welcome makes the window small again", () => {
  const worn = play(live(), [
    [0, { kind: "closed", code: 1006 }],
    [0, { kind: "dial" }],
    [0, { kind: "closed", code: 1006 }],
    [0, { kind: "dial" }],
    [0, welcome("a")],
  ]).state;
  assert.equal(play(worn, [[0, { kind: "closed", code: 1006 }]], 1).state.due, 4_000);
});

Deno.test("a wait that the server named is kept", () => {
  const told = play(live(), [
    [0, {
      kind: "frame",
      frame: { frame: "error", code: "too_many_streams", message: "Later.", retry_ms: 30_000 },
    }],
    [5, { kind: "closed", code: 4101 }],
  ]);
  assert.equal(told.state.due, 30_000);
  assert.equal(told.state.why, "Later.");
});

Deno.test("a refused dial asks over HTTP why; the loss of a good connection does not", () => {
  assert.deepEqual(play(start(0), [[0, { kind: "dial" }], [5, { kind: "closed", code: 1006 }]]).did, [
    "dial",
    "probe",
  ]);
  assert.deepEqual(play(live(), [[5, { kind: "closed", code: 1006 }]]).did, []);
});

Deno.test("lost credentials are asked about over HTTP, and where there are new ones the stream goes on", () => {
  for (const code of [4001, 4300, 4301]) {
    const renewed = play(live(), [[1, { kind: "closed", code }], [3_000, { kind: "tick" }]]);
    assert.deepEqual(renewed.did, ["probe", "dial"]);
  }
});

Deno.test("what will never work is not tried again", () => {
  for (const code of [4000, 4003, 4004]) {
    const ended = play(live(), [[1, { kind: "closed", code }], [90_000, { kind: "tick" }]]);
    assert.deepEqual(ended.did, []);
    assert.equal(ended.state.phase, "ended");
    assert.notEqual(ended.state.why, "");
  }
});

Deno.test("a page that fell behind begins anew, at the start of the window", () => {
  const slow = play(live(), [[100, { kind: "closed", code: 4208 }]], 0.9).state;
  assert.deepEqual([slow.due, slow.cursor], [600, null]);
});

Deno.test("an invalid cursor is dropped, and the lists are read again from where the stream then starts", () => {
  const lost = play(live(), [[0, { kind: "closed", code: 4400 }]]).state;
  assert.equal(lost.cursor, null);
  const back = play(lost, [[lost.due ?? 0, { kind: "tick" }], [9_000, welcome("z")]]);
  assert.deepEqual(back.effects, [{ do: "dial", after: null }, { do: "reread", reason: "start" }]);
});

Deno.test("a reset reads the lists again and goes on from its cursor", () => {
  const { state, did } = play(live(), [
    [1, { kind: "frame", frame: { frame: "reset", reason: "epoch", cursor: "n" } }],
    [2, events("n", "o")],
  ]);
  assert.deepEqual(did, ["reread", "apply"]);
  assert.equal(state.cursor, "o");
});

Deno.test("silence of two heartbeats and the grace is a lost connection", () => {
  assert.deepEqual(play(live(), [[35_000, { kind: "tick" }]]).did, []);
  const silent = play(live(), [[35_001, { kind: "tick" }]]);
  assert.deepEqual(silent.did, ["hang_up"]);
  assert.equal(silent.state.phase, "retrying");
});

Deno.test("a dial without an answer is given up", () => {
  const { state, did } = play(start(0), [[0, { kind: "dial" }], [15_001, { kind: "tick" }]]);
  assert.deepEqual(did, ["dial", "hang_up"]);
  assert.notEqual(state.due, null);
});

Deno.test("a goaway moves to a new connection from the own cursor, at a moment drawn within its window", () => {
  /** @type {Input} */
  const goaway = { kind: "frame", frame: { frame: "goaway", after_ms: 10_000, reason: "drain" } };
  const told = play(live(), [[0, goaway], [4_999, { kind: "tick" }], [4_999, events("a", "b")]]);
  assert.deepEqual(told.did, ["apply"]);
  const gone = play(told.state, [[5_000, { kind: "tick" }]]);
  assert.deepEqual(gone.effects, [{ do: "dial", after: "b" }]);
  const back = play(gone.state, [[5_010, welcome("b")]]);
  assert.deepEqual([back.state.phase, back.did.length], ["live", 0]);
});

Deno.test("trying now while it is connected does nothing", () => {
  assert.deepEqual(play(live(), [[1, { kind: "dial" }]]).did, []);
});

Deno.test("a frame of a later version is passed over", () => {
  const frame = /** @type {any} */ ({ frame: "presence", members: [] });
  assert.deepEqual(play(live(), [[1, { kind: "frame", frame }]]).state.cursor, "a");
});

Deno.test("every close code of the contract has a rule", async () => {
  const text = await Deno.readTextFile(new URL("../../hub/contract/closes.py", import.meta.url));
  const codes = [...text.matchAll(/Close\((\d{4}),/g)].map((found) => found[1]);
  assert.ok(codes.length > 10);
  assert.deepEqual(Object.keys(CLOSES).sort(), codes.sort());
});

Deno.test("what HTTP said will not work is not tried again", () => {
  const refused = play(start(0), [
    [0, { kind: "dial" }],
    [1, { kind: "closed", code: 1006 }],
    [2, { kind: "refused", why: "No such organization." }],
    [90_000, { kind: "tick" }],
  ]);
  assert.deepEqual(refused.did, ["dial", "probe"]);
  assert.deepEqual([refused.state.phase, refused.state.why], ["ended", "No such organization."]);
});

Deno.test("who is at an incident is handed on and moves no cursor", () => {
  /** @type {import("../../static/js/wire.js").Presence} */
  const frame = {
    frame: "presence",
    incident: "inc_1",
    members: [{ id: "mem_1", name: "Bob", state: "viewing" }],
  };
  const { state, effects } = play(live(), [[1, { kind: "frame", frame }]]);
  assert.deepEqual(effects, [{ do: "present", incident: "inc_1", members: frame.members }]);
  assert.equal(state.cursor, "a");
});

Deno.test("what was said of being not live is taken back when the page is live, and not before", () => {
  const lost = play(live(), [[0, { kind: "closed", code: 1006 }]]).state;
  assert.equal(lost.told, false);
  const stale = play(lost, [[GRACE + 1, { kind: "tick" }]]).state;
  assert.deepEqual([stale.phase, stale.told], ["stale", true]);
  const behind = play(stale, [[6_000, { kind: "dial" }], [6_010, welcome("a", "d")], [
    6_020,
    events("a", "b", 7),
  ]]);
  assert.deepEqual([behind.state.phase, behind.state.told, behind.state.missed], ["catching_up", true, 7]);
  const again = play(behind.state, [[6_030, { kind: "closed", code: 1006 }]]).state;
  assert.equal(again.phase, "stale");
  const back = play(behind.state, [[6_030, events("b", "d")]]).state;
  assert.deepEqual([back.phase, back.told], ["live", false]);
});

Deno.test("what is hidden is read again, and the stream goes on where it was", () => {
  const { state, effects } = play(live(), [[1, {
    kind: "frame",
    frame: { frame: "hidden", incident: "inc_1" },
  }]]);
  assert.deepEqual(effects, [{ do: "reread", reason: "hidden" }]);
  assert.equal(state.cursor, "a");
});
