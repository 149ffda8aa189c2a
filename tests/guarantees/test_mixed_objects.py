"""An address that names two objects: what is one's own, and a part of what is somebody else's.

The page that shows the part with its own object (the matrix says to whom) answers 404 to the part of
another one. A route with a new kind of part fails until it stands here.
"""

import pytest
from django.db import transaction
from django.urls import get_resolver, reverse

from applications import letters, submitting
from policy import questions
from portal import clock
from tests.applications import definition
from tests.guarantees.access import applications as mine
from tests.guarantees.access import reviews
from tests.guarantees.access_table import TABLE
from tests.guarantees.cast import World
from tests.guarantees.test_access_matrix import clients, world  # noqa: F401
from tests.policy.catalogue import make_measure, make_open_call
from tests.reviews import cases

# Names in addresses that stand for no object of their own: they belong to the one named before, or
# are the first.
PLAIN = {
    *["uid", "call_uid", "line", "code", "slot", "round", "kind", "which", "part", "day", "digest"],
    *["token", "uidb36"],
}


def _foreign_case(cast: World):
    """A submitted case of another organisation, under the same call."""
    place = cast.made(mine._place)
    other = definition.World(
        place.district, place.lead, place.measure, place.call, cast.other_organisation,
        cast.users["other_filler"], cast.users["other_admin"],
    )  # fmt: skip
    application = definition.fill(definition.start(other), other)
    submission = submitting.submit(
        application, actor=other.admin, key="foreign", arrived_at=clock.now()
    )
    letter = letters.issue(application, "acceptance", unit=cast.lead, actor=other.admin)
    return application.attachments.get(), submission, letter


def _reviewed(cast: World):
    """Another organisation's case, which stands on the same desk."""
    office = cast.made(reviews._office)
    return cases.make_case(
        office, at="joint_review", organisation=cast.other_organisation, ordinal=901
    )


def _reviewed_file(cast: World) -> str:
    return cast.made(_reviewed).attachments.first().uid


def _case_outside(cast: World) -> str:
    return cast.made(reviews.MEETING).uid


def _foreign_seat(cast: World) -> str:
    return cast.made(reviews._frozen).seats.first().uid


def _foreign_question(cast: World) -> str:
    """The organisation's own question on another call."""
    measure = make_measure(7)
    measure.lead_unit = cast.lead
    measure.save(update_fields=["lead_unit"])
    return questions.ask(make_open_call(measure), "问", actor=cast.users["filler"]).uid


PARTS = {
    ("application_file", "file_uid"): lambda cast: cast.made(_foreign_case)[0].uid,
    ("application_file_remove", "file_uid"): lambda cast: cast.made(_foreign_case)[0].uid,
    ("application_papers", "submission_uid"): lambda cast: cast.made(_foreign_case)[1].uid,
    ("application_paper", "submission_uid"): lambda cast: cast.made(_foreign_case)[1].uid,
    ("application_letter", "letter_uid"): lambda cast: cast.made(_foreign_case)[2].uid,
    ("review_document", "key"): _reviewed_file,
    ("review_sheet_document", "key"): _reviewed_file,
    ("review_seat_replace", "seat"): _foreign_seat,
    ("review_objection_file", "case"): _case_outside,
    ("call_question", "question"): _foreign_question,
}


def _parameters(route: str) -> set[str]:
    [(_pattern, names)] = [
        found[0][0] for found in get_resolver().reverse_dict.getlist(route) if found[0]
    ][:1]
    return set(names)


def test_every_part_that_an_address_names_is_tried():
    named = {
        (route, name)
        for route, row in TABLE.items()
        if not row.flow
        for name in _parameters(route)
        if name not in PLAIN
    }
    assert named == set(PARTS)


@pytest.mark.parametrize(("route", "name"), sorted(PARTS))
def test_part_of_another_object_is_not_found(route, name, world, clients):  # noqa: F811
    row = TABLE[route]
    kwargs = world.made(row.kwargs)
    url = reverse(route, kwargs=kwargs)
    mixed = reverse(route, kwargs=kwargs | {name: PARTS[route, name](world)})
    assert mixed != url
    for method, allowed in (("get", row.get), ("post", row.post)):
        for persona in sorted(allowed or ()):
            with transaction.atomic():
                own = getattr(clients[persona], method)(url, row.data).status_code
                transaction.set_rollback(True)
            with transaction.atomic():
                other = getattr(clients[persona], method)(mixed, row.data).status_code
                transaction.set_rollback(True)
            assert (own != 404, other) == (True, 404), (method, persona)
