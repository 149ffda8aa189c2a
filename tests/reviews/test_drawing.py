"""The draw: stratified, without the excluded, and the same again from the same seed."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.drawing import Candidate, Place, TooFewExperts, draw, seats_by_field, shuffled


def pool(**fields: str) -> list[Candidate]:
    return [Candidate(uid, tuple(codes.split())) for uid, codes in fields.items()]


def test_order_is_that_of_the_published_hash():
    uids = ["ann", "bob", "cyd"]
    by_hand = sorted(uids, key=lambda uid: hashlib.sha256(b"7:" + uid.encode()).hexdigest())
    assert shuffled(uids, seed="7") == by_hand
    assert shuffled(uids, seed="7") != shuffled(uids, seed="8")


@pytest.mark.parametrize(
    ("demand", "size", "seats"),
    [
        ({}, 5, {}),
        ({"bio": 4}, 5, {"bio": 5}),
        ({"bio": 3, "ai": 1}, 5, {"bio": 3, "ai": 2}),
        ({"bio": 9, "ai": 1}, 5, {"bio": 4, "ai": 1}),
        ({"a": 1, "b": 1, "c": 1}, 5, {"a": 2, "b": 2, "c": 1}),
        ({"a": 1, "b": 5, "c": 2}, 2, {"b": 1, "c": 1}),
        ({"a": 0, "b": 2}, 3, {"b": 3}),
    ],
)
def test_seats_follow_the_cases_with_one_each_at_least(demand, size, seats):
    assert seats_by_field(demand, size) == seats


def test_draw_takes_field_seats_from_experts_of_the_field():
    people = pool(a="bio", b="bio", c="ai", d="ai", e="bio ai", f="law")
    drawn = draw(people, seed="s", demand={"bio": 2, "ai": 1}, size=3, reserves=2)
    fields = {row.uid: row.fields for row in people}
    assert [place.field for place in drawn.seats] == ["bio", "bio", "ai"]
    assert all(place.field in fields[place.uid] for place in drawn.seats)
    everyone = [place.uid for place in drawn.seats + drawn.reserves]
    assert len(set(everyone)) == 5


def test_draw_leaves_out_whoever_has_a_conflict():
    people = [*pool(a="bio", b="bio", c="bio"), Candidate("d", ("bio",), "employer")]
    for seed in "123456789":
        drawn = draw(people, seed=seed, demand={"bio": 1}, size=3, reserves=1)
        assert {place.uid for place in drawn.seats} == {"a", "b", "c"}
        assert drawn.reserves == ()


def test_draw_fills_a_field_without_experts_from_the_others():
    drawn = draw(pool(a="bio", b="bio", c="law"), seed="s", demand={"ai": 3}, size=3, reserves=0)
    assert {place.uid for place in drawn.seats} == {"a", "b", "c"}
    assert {place.field for place in drawn.seats} == {""}


def test_draw_without_enough_experts_says_how_many_there_are():
    with pytest.raises(TooFewExperts) as refused:
        draw(pool(a="bio", b="bio"), seed="s", demand={}, size=3, reserves=0)
    assert (refused.value.wanted, refused.value.available) == (3, 2)


FIELDS = st.sampled_from(["a", "b", "c"])


@given(
    people=st.dictionaries(
        st.text("xyz0123", min_size=1, max_size=5),
        st.tuples(st.lists(FIELDS, max_size=3), st.booleans()),
        min_size=5,
        max_size=25,
    ),
    demand=st.dictionaries(FIELDS, st.integers(0, 9)),
    seed=st.text("0123456789abcdef", min_size=4, max_size=8),
    size=st.integers(3, 7),
    reserves=st.integers(0, 5),
)
def test_draw_seats_nobody_twice_nobody_excluded_and_replays(people, demand, seed, size, reserves):
    candidates = [
        Candidate(uid, tuple(fields), "employer" if barred else "")
        for uid, (fields, barred) in people.items()
    ]
    free = {row.uid for row in candidates if not row.excluded}
    arguments = {"seed": seed, "demand": demand, "size": size, "reserves": reserves}
    if len(free) < size:
        with pytest.raises(TooFewExperts):
            draw(candidates, **arguments)
        return
    drawn = draw(candidates, **arguments)
    uids = [place.uid for place in drawn.seats + drawn.reserves]
    assert len(drawn.seats) == size
    assert len(drawn.reserves) == min(reserves, len(free) - size)
    assert len(set(uids)) == len(uids)
    assert set(uids) <= free
    assert draw(list(reversed(candidates)), **arguments) == drawn


def test_draw_without_demand_follows_the_order_alone():
    drawn = draw(pool(a="", b="", c="", d=""), seed="s", demand={}, size=3, reserves=1)
    order = shuffled("abcd", seed="s")
    assert drawn.seats == tuple(Place(uid) for uid in order[:3])
    assert drawn.reserves == (Place(order[3]),)
