"""Who: users, organisations (申报单位), responsible units (责任单位), and their roles."""

from collections.abc import Iterator

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Lower
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from portal.columns import uid_column
from portal.searching import Grams
from portal.written import Given, Written


class UserManager(BaseUserManager):
    def create_user(self, email, password=None, **fields):
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, email):
        return self.get(email__iexact=email)


class User(AbstractBaseUser):
    """A person. What the person may do comes from memberships alone; there is no superuser."""

    uid = uid_column()
    email = models.EmailField(_("电子邮箱"), unique=True)
    name = models.CharField(_("姓名"), max_length=60)
    phone = models.CharField(_("手机"), max_length=20, blank=True)
    is_active = models.BooleanField(_("启用"), default=True)
    # How often all open sessions were ended by an act on the account; a session knows its number.
    sessions_ended = models.PositiveIntegerField(default=0)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_ci"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="user_switch_audited",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("is_active"),
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(old__is_active__df=pgtrigger.F("new__is_active")),
                func="""
                PERFORM audit_require('accounts.user', NEW.id::text,
                  CASE WHEN OLD.is_active THEN 'active' ELSE 'disabled' END,
                  CASE WHEN NEW.is_active THEN 'active' ELSE 'disabled' END);
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_session_auth_hash(self) -> str:
        """What a session bears; it ends with the password, or once all sessions were ended."""
        return self._numbered(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for value in super().get_session_auth_fallback_hash():
            yield self._numbered(value)

    def _numbered(self, value: str) -> str:
        return f"{value}.{self.sessions_ended}" if self.sessions_ended else value

    @cached_property
    def present_memberships(self) -> list["Membership"]:
        """The active memberships, read once for each request (a user object lives as long)."""
        found = _PRESENT.read(user=self.pk)
        for held in found:
            held.user = self
        return found

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


class UnitKind(models.TextChoices):
    BUREAU = "bureau", _("市政府部门")
    PARTY_ORGAN = "party_organ", _("市委部门")
    COURT = "court", _("法院")
    PROCURATORATE = "procuratorate", _("检察院")
    DISTRICT = "district", _("区")
    STATE_GROUP = "state_group", _("市属国有集团")
    CENTRAL_BANK = "central_bank", _("人民银行分支机构")
    CUSTOMS = "customs", _("海关")
    ARBITRATION = "arbitration", _("仲裁机构")
    OTHER = "other", _("其他")


class UnitQuerySet(models.QuerySet):
    def districts(self):
        return self.filter(kind=UnitKind.DISTRICT).order_by("position")


class Unit(models.Model):
    """A responsible unit (责任单位) of the policy; the 12 districts are units of kind district."""

    code = models.SlugField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=60, unique=True)
    name_en = models.CharField(max_length=120)
    short_zh = models.CharField(max_length=30, blank=True)
    kind = models.CharField(max_length=20, choices=UnitKind.choices)
    # What applicants see in place of a person's name.
    division = models.CharField(_("承办处室"), max_length=60, blank=True)
    division_en = models.CharField(_("承办处室英文名称"), max_length=120, blank=True)
    service_phone = models.CharField(_("服务电话"), max_length=30, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh

    @property
    def division_name(self) -> str:
        """In the reader's language; in Chinese where it has no English name."""
        english = (get_language() or "").startswith("en")
        return (english and self.division_en) or self.division

    @property
    def is_district(self) -> bool:
        return self.kind == UnitKind.DISTRICT


class OrganisationKind(models.TextChoices):
    ENTERPRISE = "enterprise", _("企业")
    UNIVERSITY = "university", _("高校")
    INSTITUTE = "institute", _("科研院所")
    HOSPITAL = "hospital", _("医疗卫生机构")
    NEW_RD = "new_rd", _("新型研发机构")
    ASSOCIATION = "association", _("社会组织")
    PARK = "park", _("园区")
    BANK = "bank", _("金融机构")
    INSURER = "insurer", _("保险机构")
    AGENCY = "agency", _("科技服务机构")


class OrganisationStatus(models.TextChoices):
    PENDING = "pending", _("待核验")
    VERIFIED = "verified", _("已核验")
    RETURNED = "returned", _("已退回")


class OrganisationQuerySet(models.QuerySet):
    def for_verification(self, districts):
        """What waits for the districts' verification; page it by ``VERIFICATION_ORDER``."""
        return self.filter(district__in=districts, status=OrganisationStatus.PENDING)


# The oldest first; a due date that waits for the calendar does not matter.
VERIFICATION_ORDER = ("registered_at", "id")


class Organisation(models.Model):
    """申报单位. Its profile is filled once and prefilled into every application."""

    uid = uid_column()
    name = models.CharField(_("单位名称"), max_length=120)
    sort_key = models.CharField(max_length=400, blank=True, editable=False)  # pinyin
    uscc = models.CharField(_("统一社会信用代码"), max_length=18, unique=True)
    kind = models.CharField(_("单位性质"), max_length=20, choices=OrganisationKind.choices)
    district = models.ForeignKey(
        Unit, verbose_name=_("注册地区"), on_delete=models.PROTECT, related_name="organisations"
    )
    founded_on = models.DateField(_("成立日期"), null=True, blank=True)
    address = models.CharField(_("注册地址"), max_length=200, blank=True)
    legal_representative = models.CharField(_("法定代表人"), max_length=60, blank=True)
    contact_name = models.CharField(_("联系人"), max_length=60, blank=True)
    contact_phone = models.CharField(_("联系手机"), max_length=20, blank=True)
    # Bank account: shown to the organisation's own people and to finance only.
    bank_account_name = models.CharField(_("开户名"), max_length=120, blank=True)
    bank_name = models.CharField(_("开户行"), max_length=120, blank=True)
    bank_account = models.CharField(_("账号"), max_length=40, blank=True)
    bank_code = models.CharField(_("联行号"), max_length=12, blank=True)
    registered_capital_cny = models.DecimalField(
        _("注册资本"), max_digits=18, decimal_places=2, null=True, blank=True
    )
    revenue_cny = models.DecimalField(
        _("上年营业收入"), max_digits=18, decimal_places=2, null=True, blank=True
    )
    rd_expense_cny = models.DecimalField(
        _("上年研发费用"), max_digits=18, decimal_places=2, null=True, blank=True
    )
    staff_count = models.PositiveIntegerField(_("职工人数"), null=True, blank=True)
    rd_staff_count = models.PositiveIntegerField(_("研发人员数"), null=True, blank=True)
    hightech_number = models.CharField(_("高新技术企业证书号"), max_length=40, blank=True)
    hightech_until = models.DateField(_("高企有效期至"), null=True, blank=True)
    specialised = models.CharField(_("专精特新资质"), max_length=60, blank=True)
    licence = models.ForeignKey(
        "files.Blob", verbose_name=_("法人证照"), on_delete=models.PROTECT, null=True,
        related_name="+",
    )  # fmt: skip
    licence_name = models.CharField(max_length=255, blank=True)
    authorisation = models.ForeignKey(
        "files.Blob", verbose_name=_("授权书"), on_delete=models.PROTECT, null=True,
        related_name="+",
    )  # fmt: skip
    authorisation_name = models.CharField(max_length=255, blank=True)

    status = models.CharField(
        max_length=10, choices=OrganisationStatus.choices, default=OrganisationStatus.PENDING
    )
    status_note = models.CharField(max_length=500, blank=True)
    registered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField()
    # When it was last put before its district again; null: at its registration.
    submitted_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    verified_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)
    updated_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(uscc__regex=r"^[0-9A-HJ-NP-RTUW-Y]{18}$"), name="organisation_uscc_form"
            ),
            models.CheckConstraint(
                condition=Q(rd_staff_count__isnull=True)
                | Q(staff_count__isnull=True)
                | Q(rd_staff_count__lte=models.F("staff_count")),
                name="organisation_rd_staff_within_staff",
            ),
            models.CheckConstraint(
                condition=~Q(status="verified")
                | Q(verified_by__isnull=False, verified_at__isnull=False),
                name="organisation_verified_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(verified_by__isnull=True) | ~Q(verified_by=models.F("registered_by")),
                name="organisation_verified_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["district", "status", "registered_at"], name="organisation_queue"),
            GinIndex(Grams("name", "uscc"), name="organisation_words"),
            # Who shares an account, a phone or an address (reviews.findings).
            models.Index(fields=["bank_account"], name="organisation_account"),
            models.Index(fields=["contact_phone"], name="organisation_phone"),
            models.Index(fields=["address"], name="organisation_address"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="organisation_moves",
                field="status",
                transitions=[
                    ("pending", "verified"),
                    ("pending", "returned"),
                    ("returned", "pending"),
                    ("verified", "pending"),
                ],
            ),
            pgtrigger.Trigger(
                name="organisation_registration_audited",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                PERFORM audit_require('accounts.organisation', NEW.id::text, '', NEW.status);
                RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="organisation_move_audited",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
                func="""
                PERFORM audit_require(
                  'accounts.organisation', NEW.id::text, OLD.status, NEW.status);
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a membership allows. District, lead and co-unit follow from the unit's part in a case."""

    FILLER = "filler", _("填报人")
    ORG_ADMIN = "org_admin", _("单位管理员")
    CLERK = "clerk", _("经办人")
    HEAD = "head", _("处室负责人")
    FINANCE = "finance", _("财政经办")
    FINANCE_HEAD = "finance_head", _("财政负责人")
    EXPERT = "expert", _("评审专家")
    EVALUATOR = "evaluator", _("第三方评估机构")
    POLICY_ADMIN = "policy_admin", _("政策管理员")
    ACCOUNT_ADMIN = "account_admin", _("账户管理员")
    AUDITOR = "auditor", _("审计员")


ORGANISATION_ROLES = frozenset({Role.FILLER, Role.ORG_ADMIN})
UNIT_ROLES = frozenset({Role.CLERK, Role.HEAD, Role.FINANCE, Role.FINANCE_HEAD})
# Three people, always: none of them may hold another of the three.
SEPARATED_ROLES = frozenset({Role.POLICY_ADMIN, Role.ACCOUNT_ADMIN, Role.AUDITOR})
STAFF_ROLES = UNIT_ROLES | SEPARATED_ROLES | {Role.EXPERT, Role.EVALUATOR}


class MembershipQuerySet(models.QuerySet):
    def active(self):
        return self.filter(ended_at__isnull=True)


class Membership(models.Model):
    """A user's role, in an organisation, in a unit, or city-wide. Ended, never deleted."""

    uid = uid_column()
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, related_name="memberships"
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="memberships")
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    role__in=sorted(ORGANISATION_ROLES),
                    organisation__isnull=False,
                    unit__isnull=True,
                )
                | Q(role__in=sorted(UNIT_ROLES), organisation__isnull=True, unit__isnull=False)
                | (
                    ~Q(role__in=sorted(ORGANISATION_ROLES | UNIT_ROLES))
                    & Q(organisation__isnull=True, unit__isnull=True)
                ),
                name="membership_scope_fits_role",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "organisation", "unit"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="membership_once",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(ended_at__isnull=True, role__in=sorted(SEPARATED_ROLES)),
                name="membership_separated_roles",
            ),
            # A person fills in for one organisation; an org_admin may do all that a filler may.
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(ended_at__isnull=True, organisation__isnull=False),
                name="membership_one_organisation",
            ),
        ]
        indexes = [models.Index(fields=["user", "ended_at"], name="membership_of_user")]
        triggers = [
            pgtrigger.Trigger(
                name="membership_grant_audited",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                PERFORM audit_require('accounts.membership', NEW.id::text, '', NEW.role);
                RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="membership_end_audited",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(old__ended_at__df=pgtrigger.F("new__ended_at")),
                func="""
                PERFORM audit_require('accounts.membership', NEW.id::text, OLD.role, 'ended');
                RETURN NULL;
                """,
            ),
            # Ended once, and otherwise as it was granted: another role is another membership.
            pgtrigger.Trigger(
                name="membership_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                IF OLD.ended_at IS NOT NULL
                   OR (OLD.user_id, OLD.role, OLD.granted_at)
                      IS DISTINCT FROM (NEW.user_id, NEW.role, NEW.granted_at)
                   OR OLD.organisation_id IS DISTINCT FROM NEW.organisation_id
                   OR OLD.unit_id IS DISTINCT FROM NEW.unit_id
                   OR OLD.granted_by_id IS DISTINCT FROM NEW.granted_by_id THEN
                  RAISE EXCEPTION 'a membership is granted and ended, never rewritten'
                    USING ERRCODE = 'integrity_constraint_violation',
                          CONSTRAINT = 'membership_kept';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role}"


_PRESENT = Written(
    lambda: (
        Membership.objects.active()
        .filter(user=Given("user"))
        .select_related("organisation", "unit")
        .order_by("pk")
    )
)


class SignInAttempts(models.Model):
    """Failed sign-ins under one e-mail address, known or not (see ``locking``)."""

    key = models.CharField(max_length=64, primary_key=True)  # SHA-256 of the address
    failures = models.PositiveSmallIntegerField(default=0)
    last_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.key[:12]} {self.failures}"


class InvitationQuerySet(models.QuerySet):
    def open(self, *, at):
        """What can still be accepted."""
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=at)


class Invitation(models.Model):
    """An offer of a membership to an e-mail address, by mail, once. Its link is signed."""

    uid = uid_column()
    email = models.EmailField(_("电子邮箱"))
    name = models.CharField(_("姓名"), max_length=60, blank=True)
    phone = models.CharField(_("手机"), max_length=20, blank=True)
    role = models.CharField(_("角色"), max_length=20, choices=Role.choices)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, related_name="invitations"
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    role__in=sorted(ORGANISATION_ROLES),
                    organisation__isnull=False,
                    unit__isnull=True,
                )
                | Q(role__in=sorted(UNIT_ROLES), organisation__isnull=True, unit__isnull=False)
                | (
                    ~Q(role__in=sorted(ORGANISATION_ROLES | UNIT_ROLES))
                    & Q(organisation__isnull=True, unit__isnull=True)
                ),
                name="invitation_scope_fits_role",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, revoked_at__isnull=True),
                name="invitation_accepted_by_someone",
            ),
            # One open offer of the same at a time; a new one revokes the old one.
            models.UniqueConstraint(
                Lower("email"),
                "role",
                Coalesce("organisation", 0),
                Coalesce("unit", 0),
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_once",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="invitation_of_organisation"),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.role}"
