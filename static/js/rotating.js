/**
 * A new secret in the place of one: the one before works on for a while, or not at all.
 * @module
 */

import { OVERLAPS } from "./catalogue.js";
import { h } from "./core.js";
import { sheet } from "./dialog.js";
import { create } from "./edit.js";
import { choice, form } from "./form.js";

/** Ask how long the one before works on, and rotate. @template T
 * @param {{name: string, path: string, done: (made: T) => void}} wants `path` is where to rotate; `done` gets the
 *   answer with its secret */
export function rotate({ name, path, done }) {
  sheet(`Rotate the key of ${name}?`, (close) => {
    const overlap = choice(OVERLAPS, "3600");
    return [
      h("p", null, "A new key works at once. Any key older than the present one ends now."),
      form({
        submit: "Rotate",
        fields: [{ name: "overlap_seconds", label: "The present key works on for", control: overlap }],
        send: async () => {
          const made = await create(path, { overlap_seconds: Number(overlap.value) });
          close();
          done(made);
        },
      }),
    ];
  });
}
