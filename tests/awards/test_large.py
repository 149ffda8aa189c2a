"""The large demonstration: copies of what the verbs made, as whole as what they were made from."""

import pytest
from django.conf import settings as site
from django.db import connection, transaction
from django.utils.module_loading import import_string

from applications import snapshot, workflow
from applications.models import Application, Invoice, Submission
from awards import ledger
from awards.confirming import confirm_selection
from awards.demonstration import copying, large, names
from awards.models import Award, CapAccount
from policy.models import Call, CallFigures
from portal import clock
from portal.accounts.models import Organisation, User
from portal.audit.models import Event, Head
from tests.awards.cases import cap, make_scene
from tests.factories import OrganisationFactory

pytestmark = pytest.mark.django_db(transaction=True)


def submitted(scene, number: int, **more) -> Application:
    """A case as the verbs leave it, with its frozen snapshot and an invoice."""
    organisation = OrganisationFactory(
        name=f"南京紫东先导验证{number}有限公司", district=scene.district
    )
    case = scene.case(organisation=organisation, **more)
    User.objects.filter(pk=case.admin.pk).update(email=f"admin{number}@demo.example")
    Application.objects.filter(pk=case.pk).update(title=f"先导概念验证中心第{number}号")
    case.refresh_from_db()
    row = Invoice.objects.create(
        application=case, position=1, invoice_no=f"2432000000{number:010d}", raw={"x": "a\tb\\c%d"}
    )
    data = {
        "application": case.uid, "organisation": organisation.name, "rows": [{"_uid": row.uid}],
        "keyed": {case.uid: 1, "zz": 2}, "rate": "30%",
    }  # fmt: skip
    Submission.objects.create(
        application=case, arrived_at=clock.now(), received_at=clock.now(),
        submitted_by=case.started_by, snapshot=data, sha256=snapshot.fingerprint(data),
        idempotency_key=f"key{number}", request_sha256="0" * 64,
    )  # fmt: skip
    return case


@pytest.fixture
def scene(settings):
    """Three cases, one of them approved and one rejected; all of demonstration accounts."""
    return _scene(settings, quota={})


def _scene(settings, **more):
    settings.DEMO = True
    scene = make_scene(caps=[cap("unit", "2000000", scope="organisation")], **more)
    cases = [submitted(scene, number, asked="500000") for number in (1, 2, 3)]
    selection = scene.selection((cases[0], "support", "400000"), (cases[1], "reject", "0"))
    confirm_selection(selection, actor=scene.lead_head)
    award = Award.objects.select_related("application").get()
    with transaction.atomic():
        workflow.move(award.application, "close_notice", actor=scene.lead_clerk)
        ledger.approve(award, actor=scene.lead_head, approved_cny=award.recommended_cny)
        workflow.move(award.application, "decide", actor=scene.lead_head)
    return scene


def faults() -> list[str]:
    """What `manage.py verify` would name; the signed decision is not part of this scene."""
    checks = [
        "portal.integrity.schema", "portal.audit.verifying.chain",
        "applications.verifying.submissions", "applications.verifying.histories",
        "applications.verifying.events",
        "awards.verifying.counters", "awards.verifying.traces", "awards.verifying.sums",
    ]  # fmt: skip
    assert set(checks) <= set(site.VERIFIERS)
    found = [fault for path in checks for fault in import_string(path)()]
    return [fault for fault in found if "every approval stands in a signed" not in fault]


def test_copies_are_as_many_as_asked_for_and_verify_finds_no_fault(scene):
    assert faults() == []
    made = large.load(cases=30, awards=25)
    assert (made.cases, made.awards) == (45, 25)
    assert Application.objects.filter(submitted_at__isnull=False).count() == 45
    assert faults() == []
    assert Application.objects.filter(status="finance").count() == 25


def test_a_copy_is_a_case_of_its_own(scene):
    large.load(cases=9, awards=0)
    numbers = set(Application.objects.values_list("number", flat=True))
    assert len(numbers) == 9
    for model, name in ((Organisation, "name"), (Organisation, "uscc"), (User, "email")):
        values = list(model.objects.values_list(name, flat=True))
        assert len(values) == len(set(values))
    [one] = Submission.objects.filter(application__title__contains="先导").filter(
        application__title__endswith="1号"
    )
    copies = [
        row for row in Submission.objects.select_related("application__organisation")
        if row.snapshot["application"] != one.snapshot["application"]
    ]  # fmt: skip
    for row in copies:
        case = row.application
        assert row.snapshot["application"] == case.uid
        assert row.snapshot["organisation"] == case.organisation.name
        assert row.snapshot["rows"] == [{"_uid": case.invoices.get().uid}]
        assert case.invoices.get().raw == {"x": "a\tb\\c%d"}
        assert row.snapshot["rate"] == "30%"


def test_the_same_seed_makes_the_same_names_and_another_load_goes_on(scene):
    large.load(cases=6, awards=0)
    first = set(Application.objects.values_list("uid", flat=True))
    again = large.load(cases=6, awards=0)
    assert (again.copies, again.rows) == (0, 0)
    made = large.load(cases=12, awards=0)
    assert made.cases == 12
    assert first < set(Application.objects.values_list("uid", flat=True))
    assert Call.objects.filter(code__endswith=large.MARK).count() == 1
    assert faults() == []
    assert names.organisation(17, "enterprise") == names.organisation(17, "enterprise")
    thousands = {names.organisation(number, "enterprise") for number in range(10_000)}
    assert len(thousands) == 10_000
    assert copying.uid_of("a", 1) == copying.uid_of("a", 1) != copying.uid_of("a", 2)


def guards() -> list[tuple]:
    """Every constraint and trigger as the database tells it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated"
            " FROM pg_constraint WHERE contype <> 't' AND connamespace = 'public'::regnamespace"
            " UNION ALL SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), true"
            " FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O' ORDER BY 1, 2"
        )
        return cursor.fetchall()


def test_guards_stand_again_and_verbs_go_on(scene):
    before = guards()
    large.load(cases=6, awards=4)
    assert guards() == before
    head = Head.objects.get().position
    scene.case()
    assert Event.objects.filter(position__gt=head).exists()
    assert faults()[1:] == []  # the new case has no snapshot; nothing else is amiss
    case = Application.objects.filter(status="selection", call__code__endswith=large.MARK).first()
    copied = Call.objects.get(code__endswith=large.MARK)
    account = CapAccount.objects.get(rule="call_budget", call=copied)
    assert case.call == copied
    assert account.committed_cny == 400_000 * Award.objects.filter(call=copied).count()
    assert CallFigures.objects.get(call=copied).committed_cny == account.committed_cny


def test_where_places_are_counted_only_cases_before_the_selection_are_copied(settings):
    _scene(settings)
    made = large.load(cases=20, awards=0)
    assert (made.cases, made.awards) == (20, 1)
    assert set(
        Application.objects.filter(call__code__endswith=large.MARK).values_list("status", flat=True)
    ) == {"selection"}
    assert faults() == []
    with pytest.raises(large.Refused, match="no measure without a number of places"):
        large.load(cases=20, awards=5)


def test_real_data_are_left_alone(scene, settings):
    settings.DEMO = False
    with pytest.raises(large.Refused, match="DEMO=0"):
        large.load(cases=6, awards=0)
    settings.DEMO = True
    User.objects.filter(email="admin1@demo.example").update(email="somebody@nanjing.example")
    with pytest.raises(large.Refused, match="no demonstration account"):
        large.load(cases=6, awards=0)
    assert Application.objects.count() == 3


def test_without_cases_there_is_nothing_to_copy(settings):
    settings.DEMO = True
    with pytest.raises(large.Refused, match="no cases"):
        large.load(cases=6, awards=0)
