/**
 * Leaving an organization oneself.
 * @module
 */

import { h } from "./core.js";
import { confirm } from "./dialog.js";
import { here, leaveOrganization, organization } from "./session.js";

/** Ask, and leave. */
export function leave() {
  confirm({
    title: `Leave ${organization.peek()?.name ?? here.slug}?`,
    what: [
      h("p", null, "Your roles and teams here end at once, on every device. Your account stays."),
      h("p", null, "To come back, somebody has to invite you again."),
    ],
    verb: "Leave",
    perform: leaveOrganization,
  });
}
