"""Ground: every metric of a process, declared in one place and served on the admin port."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# The invariants of docs/architecture.md: each of these must stay 0. They are there from the start, so that an
# alarm on them tells a 0 from what nobody counts.
INVARIANTS_BROKEN: Final = Counter(
    "hub_invariants_broken", "Invariants seen broken, by number.", ["invariant"]
)
counted: Final = ("I1", "I2", "I3", "I4", "I9", "I11", "I12", "I14")
for _invariant in counted:
    INVARIANTS_BROKEN.labels(_invariant)

LOOP_LAG: Final = Histogram(
    "hub_loop_lag_seconds",
    "How late the event loop turned, four times a second.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)

STREAMS_OPEN: Final = Gauge("hub_streams_open", "Live connections of this process.")
EVENTS_SENT: Final = Counter("hub_stream_events_sent", "Timeline events handed to live connections.")
RESETS: Final = Counter("hub_stream_resets", "Streams told to drop their state.", ["reason"])
for _reason in ("epoch", "view", "trimmed", "overflow"):
    RESETS.labels(_reason)
STREAMS_ENDED: Final = Counter("hub_streams_ended", "Streams that the hub closed, by code.", ["code"])

CONSUMER_ACKS: Final = Counter("hub_consumer_acks_written", "Places of consumers that moved, as written.")
CONSUMERS_LOST: Final = Counter(
    "hub_consumers_lost", "Streams that ended because their consumer is another's, by code.", ["code"]
)

HINTS_RUNG: Final = Counter("hub_hints_rung", "Hints published on Redis.")
HINTS_LOST: Final = Counter("hub_hints_lost", "Hints that could not be published.")
HINTS_HEARD: Final = Counter("hub_hints_heard", "Hints heard, by what was done with them.", ["verdict"])
HINTS_FORGED: Final = Counter("hub_hints_forged", "Messages on a channel that no process of ours sealed.")
EAR_CONNECTED: Final = Gauge("hub_ear_connected", "Whether the subscriber is connected to Redis.")
EAR_DEAF: Final = Counter("hub_ear_deaf", "Subscribers replaced because the poll knew what they had missed.")

PRESENCE_HEARD: Final = Counter(
    "hub_presence_heard", "Statements on who is present, by what was done with them.", ["verdict"]
)

SIGNATURES_REFUSED: Final = Counter(
    "hub_signatures_refused", "Requests whose signature was missing, wrong or old.", ["reason"]
)

TENANTS_FOLLOWED: Final = Gauge("hub_tenants_followed", "Tenants whose log this process follows.")
FEED_READS: Final = Counter("hub_feed_reads", "Reads of the end of a log, after a hint was not enough.")
CHUNK_READS: Final = Counter("hub_chunk_reads", "Chunks of 256 events read from PostgreSQL.")
CHUNK_BYTES: Final = Gauge("hub_chunk_bytes", "Encoded events kept in memory.")
STREAMS_WAITED: Final = Counter(
    "hub_stream_waits", "Times a beginning stream waited for a database that was busy or away."
)
POLLS_FAILED: Final = Counter("hub_polls_failed", "Polls of the followed heads that got no answer.")
