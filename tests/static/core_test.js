/** The reactive core, without a page. */

import assert from "node:assert/strict";
import { derive, effect, flush, root, signal } from "../../static/js/core.js";

Deno.test("an effect runs again, once, when what it read has changed", () => {
  const a = signal(1);
  const b = signal(10);
  /** @type {number[]} */
  const seen = [];
  effect(() => void seen.push(a.value + b.value));
  a.value = 2;
  b.value = 20;
  flush();
  assert.deepEqual(seen, [11, 22]);
});

Deno.test("an effect follows only what it read last", () => {
  const which = signal(true);
  const a = signal(1);
  const b = signal(2);
  /** @type {number[]} */
  const seen = [];
  effect(() => void seen.push(which.value ? a.value : b.value));
  which.value = false;
  flush();
  a.value = 5;
  flush();
  assert.deepEqual(seen, [1, 2]);
});

Deno.test("the same value again, and peeking, run nothing", () => {
  const a = signal(1);
  let runs = 0;
  effect(() => {
    a.peek();
    runs++;
  });
  a.value = 2;
  flush();
  assert.equal(runs, 1);
});

Deno.test("what an effect made ends when it runs again", () => {
  const outer = signal(0);
  const inner = signal(0);
  let runs = 0;
  effect(() => {
    outer.value;
    effect(() => {
      inner.value;
      runs++;
    });
  });
  outer.value = 1;
  flush();
  inner.value = 1;
  flush();
  assert.equal(runs, 3);
});

Deno.test("a root outlives the effect around it, until it is ended", () => {
  const outer = signal(0);
  const inner = signal(0);
  let runs = 0;
  /** @type {(() => void) | undefined} */
  let end;
  effect(() => {
    outer.value;
    end ??= root(() => effect(() => void (inner.value, runs++))).end;
  });
  outer.value = 1;
  inner.value = 1;
  flush();
  assert.equal(runs, 2);
  end?.();
  inner.value = 2;
  flush();
  assert.equal(runs, 2);
});

Deno.test("a derived signal follows", () => {
  const a = signal(2);
  const double = derive(() => a.value * 2);
  a.value = 4;
  flush();
  assert.equal(double.value, 8);
});

Deno.test("an effect that breaks does not stop the others", () => {
  const told = globalThis.reportError;
  /** @type {unknown[]} */
  const faults = [];
  globalThis.reportError = (fault) => void faults.push(fault);
  try {
    const a = signal(0);
    let seen = 0;
    effect(() => {
      if (a.value) throw new Error("broken place");
    });
    effect(() => {
      seen = a.value;
    });
    a.value = 1;
    flush();
    assert.deepEqual([seen, faults.length], [1, 1]);
  } finally {
    globalThis.reportError = told;
  }
});
