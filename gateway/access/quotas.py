"""How much a partner's program may ask in a while 配额: a bucket for each client and unit, in requests and in estimated rows.

Buckets fill evenly and hold one minute's worth, or what else the quota says, so a burst passes and a flood does not. They live in this process: with n
gateways a partner has n times as much, which bounds harm and needs no shared state.
"""

from collections import OrderedDict
from dataclasses import dataclass

MOST_BUCKETS = 4096
"""Beyond these the one unused for longest is forgotten: whoever asks so seldom has a full bucket anyway."""


class QuotaUsedUp(Exception):
    """The caller asked more than its share; `after_s` says when there is room again."""

    def __init__(self, *, after_s: int) -> None:
        super().__init__("quota used up")
        self.after_s = after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What one client of one unit may ask in so many seconds."""

    requests: int = 1_200
    rows: int = 600_000
    per_s: float = 60.0


@dataclass(slots=True)
class _Bucket:
    requests: float
    rows: float
    at: float


class Quotas:
    """The buckets of all callers of late."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def take(self, *, client: str, unit: str, rows: int, now: float) -> None:
        """Takes one request of so many estimated rows at a moment in seconds; raises `QuotaUsedUp` and takes nothing."""
        quota, key = self._quota, (client, unit)
        bucket = self._buckets.pop(key, None) or _Bucket(quota.requests, quota.rows, now)
        passed = max(now - bucket.at, 0.0) / quota.per_s
        bucket.requests = min(quota.requests, bucket.requests + passed * quota.requests)
        bucket.rows = min(quota.rows, bucket.rows + passed * quota.rows)
        bucket.at = now
        self._buckets[key] = bucket
        while len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        rows = min(rows, quota.rows)
        lacking = max((1 - bucket.requests) / quota.requests, (rows - bucket.rows) / quota.rows)
        if lacking > 0:
            raise QuotaUsedUp(after_s=int(lacking * quota.per_s) + 1)
        bucket.requests -= 1
        bucket.rows -= rows
