"""Objects for tests, made as the portal makes them: with their audit events.

``UserFactory()``, ``UnitFactory(code="kjj")``, ``district()``, ``OrganisationFactory()``
(verified; ``status="pending"`` and ``"returned"`` too), ``MembershipFactory(role=…)``, and
``person(role)``: a user with the role, and an organisation or a unit where the role needs one.
"""

import itertools

import factory
from django.db import transaction
from stdnum.cn import uscc

from portal import clock
from portal.accounts import memberships
from portal.accounts.models import (
    ORGANISATION_ROLES,
    UNIT_ROLES,
    Membership,
    Organisation,
    OrganisationStatus,
    Role,
    Unit,
    UnitKind,
    User,
)
from portal.audit.recording import record

PASSWORD = "portal-test-1234"
# Valid, handed out by the domain's papers: tests and samples name them, so no organisation has one
# unless its test says so.
USCCS = (
    "91320100MA1W000030",
    "91320100MA1W00016A",
    "91320113MA2B00X78G",
    "12320000466006770E",
    "52320100MJ000123X9",
)
_numbers = itertools.count(1)


def valid_uscc(number: int) -> str:
    """A valid 统一社会信用代码 for each number."""
    body = f"91320100TEST{number:05d}".replace("S", "5")
    return body + uscc.calc_check_digit(body)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"user{n}@example.org")
    name = factory.Sequence(lambda n: f"用户{n}")
    phone = factory.Sequence(lambda n: f"138{n % 10**8:08d}")
    password = PASSWORD

    @classmethod
    def _create(cls, model_class, *args, **fields):
        user = model_class.objects.create_user(**fields)
        # Signed up and verified, as allauth knows it.
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)
        return user


class UnitFactory(factory.django.DjangoModelFactory):
    """A bureau; the policy's own unit where the catalogue is loaded and the code is known."""

    class Meta:
        model = Unit
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"unit-{n}")
    name_zh = factory.LazyAttribute(lambda unit: f"单位 {unit.code}")
    name_en = factory.LazyAttribute(lambda unit: f"Unit {unit.code}")
    kind = UnitKind.BUREAU
    division = "成果转化处"
    service_phone = "025-12345678"


class DistrictFactory(UnitFactory):
    code = factory.Sequence(lambda n: f"district-{n}")
    name_zh = factory.LazyAttribute(lambda unit: f"{unit.code} 区")
    name_en = factory.LazyAttribute(lambda unit: f"{unit.code} District")
    kind = UnitKind.DISTRICT


def district() -> Unit:
    """The first district of the catalogue, or a made one."""
    return Unit.objects.districts().first() or DistrictFactory()


class OrganisationFactory(factory.django.DjangoModelFactory):
    """An organisation in a district of its own, registered and (by default) verified."""

    class Meta:
        model = Organisation

    name = factory.Sequence(lambda n: f"南京测试科技有限公司{n}")
    uscc = factory.Sequence(valid_uscc)
    kind = "enterprise"
    district = factory.SubFactory(DistrictFactory)
    address = "南京市测试路 1 号"
    legal_representative = "王五"
    contact_name = "李四"
    contact_phone = "13800001234"
    bank_account_name = factory.SelfAttribute("name")
    bank_name = "测试银行南京分行"
    bank_account = "6222000000001234"
    bank_code = "102301000001"
    registered_by = factory.SubFactory(UserFactory)
    status = OrganisationStatus.VERIFIED

    @classmethod
    @transaction.atomic
    def _create(cls, model_class, *args, status, verified_by=None, **fields):
        now = clock.now()
        made = {"registered_at": now, "updated_at": now} | fields
        organisation = model_class.objects.create(**made)
        registered_by = organisation.registered_by
        record("organisation.register", obj=organisation, actor=registered_by, to_state="pending")
        if status != OrganisationStatus.PENDING:
            verifier = verified_by or UserFactory()
            organisation.status = status
            if status == OrganisationStatus.VERIFIED:
                organisation.verified_by, organisation.verified_at = verifier, now
            else:
                organisation.status_note = "营业执照不清晰"
            organisation.save()
            record(
                f"organisation.{'verify' if status == 'verified' else 'return'}",
                obj=organisation,
                actor=verifier,
                from_state="pending",
                to_state=str(status),
            )
        return organisation


class MembershipFactory(factory.django.DjangoModelFactory):
    """A membership by the verb; an organisation or a unit is made where the role needs one."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    role = Role.FILLER
    organisation = None
    unit = None

    @classmethod
    def _create(cls, model_class, *args, user, role, organisation, unit, **more):
        if role in ORGANISATION_ROLES and organisation is None:
            organisation = OrganisationFactory()
        if role in UNIT_ROLES and unit is None:
            unit = UnitFactory()
        membership = memberships.grant(
            user, role, organisation=organisation, unit=unit, actor="system:test", **more
        )
        user.__dict__.pop("present_memberships", None)
        return membership


def person(role: str, *, organisation=None, unit=None, **fields) -> User:
    """A user who holds the role (in the organisation or unit, if one is given)."""
    user = UserFactory(**fields)
    MembershipFactory(user=user, role=role, organisation=organisation, unit=unit)
    return user
