"""The same usage seen twice (by a gateway or telemetry, and by the vendor) counts once. Pure.

Records speak of the same usage when person, seller of the model, model and time agree and the amounts fit:

1. single requests that two sources tell are the same when their tokens are; one of them stays, best the tagged one. A request
   without such a twin is one that the other source did not see, and counts (`twins`);
2. a bucket can hold only what fits in it: no request with more tokens than it has, and no more requests than it counts. What
   does not fit is other usage, such as that of a gateway with a key of its own beside the person's. What does fit may be the
   same, so it counts once: of source and bucket together, no more than the larger (`stretches`);
3. the one with the best evidence of its place stays whole: tags before none, narrow records before buckets longer than an hour,
   the seller before others;
4. the amount is the bill's: records of a gateway that stay in the place of the seller's take over its money (`shares`).

A gateway that calls with a key of its own appears in the seller's figures as that key. Then the seller has no record of the
person, and nothing is taken away.
"""

from pr_cost_bot.overlap.counting import Overlap, without_overlap
from pr_cost_bot.overlap.telling import Apart, Dropped, notes

__all__ = ["Apart", "Dropped", "Overlap", "notes", "without_overlap"]
