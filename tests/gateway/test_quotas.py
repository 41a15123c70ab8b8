"""What a client may ask in a while: a burst passes, a flood does not, and nobody pays for another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.quotas import MOST_BUCKETS, Quota, Quotas, QuotaUsedUp

QUOTA = Quota(requests=60, rows=6_000)
ASKED = st.lists(st.tuples(st.floats(0, 5, allow_nan=False), st.integers(0, 9_000)), max_size=200)


def taken(quotas: Quotas, *, now: float, rows: int = 1, client: str = "console", unit: str = "township:1") -> bool:
    """Whether a request was let through."""
    try:
        quotas.take(client=client, unit=unit, rows=rows, now=now)
    except QuotaUsedUp:
        return False
    return True


@given(asked=ASKED)
def test_in_any_minute_nobody_gets_more_than_a_full_bucket_and_what_fills_in_it(asked: list[tuple[float, int]]) -> None:
    quotas, now = Quotas(QUOTA), 0.0
    let: list[tuple[float, int]] = []
    for wait, rows in asked:
        now += wait
        if taken(quotas, now=now, rows=rows):
            let.append((now, min(rows, QUOTA.rows)))
    for start, _ in let:
        within = [rows for at, rows in let if start <= at < start + 60]
        assert len(within) <= 2 * QUOTA.requests
        assert sum(within) <= 2 * QUOTA.rows


def test_whoever_waits_as_long_as_was_said_is_let_through() -> None:
    quotas = Quotas(QUOTA)
    while taken(quotas, now=0.0):
        pass
    with pytest.raises(QuotaUsedUp) as refused:
        quotas.take(client="console", unit="township:1", rows=1, now=0.0)

    assert not taken(quotas, now=0.0)
    assert taken(quotas, now=float(refused.value.after_s))


def test_one_operation_larger_than_the_share_of_a_minute_takes_all_of_it() -> None:
    quotas = Quotas(QUOTA)

    assert taken(quotas, now=0.0, rows=1_000_000)
    assert not taken(quotas, now=1.0, rows=1_000)
    assert taken(quotas, now=60.0, rows=1_000_000)


def test_nobody_pays_for_another_and_a_refusal_costs_nothing() -> None:
    quotas = Quotas(QUOTA)
    while taken(quotas, now=0.0):
        pass
    for _ in range(1_000):
        taken(quotas, now=0.0)

    assert taken(quotas, now=0.0, client="other")
    assert taken(quotas, now=0.0, unit="township:2")
    assert taken(quotas, now=2.0)


def test_a_clock_that_goes_back_gives_nothing_twice() -> None:
    quotas = Quotas(QUOTA)
    assert all(taken(quotas, now=float(100 - n)) for n in range(60))
    assert not taken(quotas, now=40.0)


def test_the_buckets_are_bounded() -> None:
    quotas = Quotas(QUOTA)
    for number in range(MOST_BUCKETS + 10):
        quotas.take(client=str(number), unit="township:1", rows=1, now=0.0)

    assert len(quotas._buckets) == MOST_BUCKETS  # the bound is what this is about
