"""Rows of the access matrix: the applicant's pages, of a draft and of a submitted case of
``world.organisation``."""

from datetime import timedelta
from typing import Any

from applications import drafts, letters, submitting
from applications.models import Application, Correction
from portal import clock
from tests.applications import definition
from tests.guarantees.access.row import Row
from tests.guarantees.cast import APPLICANTS, OWN
from tests.guarantees.cast import World as Cast

# Besides its own people, who may see a submitted case: the units that take part, and the two
# who see all.
UNITS = frozenset({"district_clerk", "district_head", "lead_clerk", "lead_head"})
PARTIES = UNITS | {"auditor", "policy_admin"}


def _place(cast: Cast) -> definition.World:
    measure = definition.make_measure(cast.lead, line="21-1")
    body = definition.BODY | {"line": "21-1"}
    settings = definition.SETTINGS | {drafts.CASES_SETTING: 5}
    return definition.World(
        district=cast.district,
        lead=cast.lead,
        measure=measure,
        call=definition.make_call(measure, body, settings=settings),
        organisation=cast.organisation,
        filler=cast.users["filler"],
        admin=cast.users["org_admin"],
    )


def _draft(cast: Cast):
    place = cast.made(_place)
    application = definition.fill(definition.start(place), place)
    return application, application.attachments.get()


def _submitted(cast: Cast):
    place = cast.made(_place)
    application = definition.fill(definition.start(place), place)
    submission = submitting.submit(
        application, actor=place.admin, key="matrix", arrived_at=clock.now()
    )
    Application.objects.filter(pk=application.pk).update(due_on=clock.today())
    application.refresh_from_db()
    letter = letters.issue(application, "acceptance", unit=cast.lead, actor=place.admin)
    now = clock.now()
    Correction.objects.create(
        application=application, round=1, flagged=[{"path": "team.staff", "reason": "x"}],
        asked_by=place.admin, asked_at=now, answered_at=now + timedelta(seconds=1),
    )  # fmt: skip
    return application, submission, letter


def draft(**more):
    def kwargs(cast: Cast) -> dict[str, Any]:
        return {"uid": cast.made(_draft)[0].uid, **more}

    return kwargs


def draft_file(cast: Cast) -> dict[str, Any]:
    application, file = cast.made(_draft)
    return {"uid": application.uid, "file_uid": file.uid}


def case(cast: Cast) -> dict[str, Any]:
    return {"uid": cast.made(_submitted)[0].uid}


def case_file(cast: Cast) -> dict[str, Any]:
    application = cast.made(_submitted)[0]
    return {"uid": application.uid, "file_uid": application.attachments.get().uid}


def paper(**more):
    def kwargs(cast: Cast) -> dict[str, Any]:
        application, submission, _letter = cast.made(_submitted)
        return {"uid": application.uid, "submission_uid": submission.uid, **more}

    return kwargs


def letter(cast: Cast) -> dict[str, Any]:
    application, _submission, found = cast.made(_submitted)
    return {"uid": application.uid, "letter_uid": found.uid}


TABLE, FIELDS = draft(code="investment"), draft(code="team")
ROWS = [
    Row("application_list", get=APPLICANTS),
    Row(
        "application_start",
        get=APPLICANTS,
        post=APPLICANTS,
        kwargs=lambda cast: {"call_uid": cast.made(_place).call.uid},
    ),
    # The units are sent on to their desk.
    Row("application_case", get=OWN | UNITS, kwargs=case),
    Row("application_calendar", get=OWN, kwargs=case),
    Row("application_move", post=OWN, kwargs=draft(), data={"action": "hand_over"}),
    Row("application_correction", get=OWN, kwargs=lambda cast: case(cast) | {"round": 1}),
    Row("application_amounts", get=OWN, kwargs=draft()),
    Row("application_workspace", get=OWN, kwargs=draft()),
    Row("application_section", get=OWN, post=OWN, kwargs=FIELDS),
    Row("application_autosave", get=OWN, post=OWN, kwargs=FIELDS),
    Row("application_rows", post=OWN, kwargs=TABLE),
    Row("application_paste", post=OWN, kwargs=TABLE),
    Row("application_import", post=OWN, kwargs=TABLE),
    Row("application_export", get=OWN, kwargs=TABLE),
    Row("application_template", get=OWN, kwargs=TABLE),
    Row("application_upload", post=OWN, kwargs=draft(slot="audit")),
    Row("application_file", get=OWN | PARTIES, kwargs=case_file),
    Row("application_file_remove", post=OWN, kwargs=draft_file),
    Row(
        "application_check",
        get=OWN,
        post=OWN,
        kwargs=draft(),
        data={"action": "submit", "key": "matrix-2"},
    ),
    Row("application_as_usual", post=OWN, kwargs=draft()),
    Row("application_receipt", get=OWN, kwargs=case),
    Row("application_papers", get=OWN, kwargs=paper()),
    Row("application_paper", get=OWN | PARTIES, kwargs=paper(kind="form")),
    Row("application_letter", get=OWN | PARTIES, kwargs=letter),
]
