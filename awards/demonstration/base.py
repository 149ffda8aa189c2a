"""Demonstration data: fictional people, organisations and one open call, made by the product's
own verbs. Done again, it adds what is missing and changes nothing else.

Credit codes are valid and may coincide with real units'; names are invented.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from policy import calendars, calls, workdays
from policy.models import CalendarYear, Call, Measure
from portal import clock
from portal.accounts import memberships, registering, verifying
from portal.accounts.demonstration import DOMAIN
from portal.accounts.models import Membership, Organisation, Role, Unit, User
from portal.audit.recording import record
from portal.documents.rendering import render_pdf
from portal.files.storing import store
from portal.types import known
from reviews import experts

ACTOR = "system:demo"
LINE = "10-1"


@dataclass(frozen=True)
class Person:
    """``where`` is a unit's code, an organisation's key, or "" (city-wide)."""

    local: str
    name: str
    role: str
    where: str = ""

    @property
    def email(self) -> str:
        return f"{self.local}@{DOMAIN}"


@dataclass(frozen=True)
class Expertise:
    person: Person
    employer: str
    title: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Applicant:
    """An organisation with its admin, and its filler where it has been verified."""

    key: str
    name: str
    uscc: str
    kind: str
    district: str
    address: str
    legal_representative: str
    admin: Person
    filler: Person | None = None
    figures: dict = field(default_factory=dict)


STAFF = (
    Person("lead.clerk", "陆明远", Role.CLERK, "kjj"),
    Person("lead.head", "沈立恒", Role.HEAD, "kjj"),
    Person("education.clerk", "顾书雯", Role.CLERK, "jyj"),
    Person("industry.clerk", "韩致工", Role.CLERK, "gxj"),
    Person("health.clerk", "白芷若", Role.CLERK, "wjw"),
    Person("financial.clerk", "钱融川", Role.CLERK, "jrb"),
    Person("financial.head", "贾汇川", Role.HEAD, "jrb"),
    Person("budget.clerk", "计思衡", Role.CLERK, "czj"),
    Person("finance.clerk", "金守信", Role.FINANCE, "czj"),
    Person("finance.head", "库正清", Role.FINANCE_HEAD, "czj"),
    Person("qixia.clerk", "江栖宁", Role.CLERK, "qixia"),
    Person("qixia.head", "霞承平", Role.HEAD, "qixia"),
    Person("jiangbei.clerk", "浦新桥", Role.CLERK, "jbxq"),
    Person("jiangbei.head", "梁北辰", Role.HEAD, "jbxq"),
    Person("policy.admin1", "章定策", Role.POLICY_ADMIN),
    Person("policy.admin2", "程复核", Role.POLICY_ADMIN),
    Person("account.admin", "户安澜", Role.ACCOUNT_ADMIN),
    Person("auditor", "鉴知微", Role.AUDITOR),
    Person("evaluator", "评远衡", Role.EVALUATOR),
)
EXPERTS = (
    Expertise(Person("expert1", "安若海", Role.EXPERT), "江东理工大学", "教授", ("biomedicine",)),
    Expertise(
        Person("expert2", "卞清源", Role.EXPERT), "金陵医学研究院", "研究员", ("biomedicine", "ai")
    ),
    Expertise(
        Person("expert3", "车行远", Role.EXPERT), "南境集成电路设计中心", "正高级工程师",
        ("chips", "equipment", "materials"),
    ),
    Expertise(
        Person("expert4", "邓知算", Role.EXPERT), "江左智能计算研究所", "研究员", ("ai", "computing")
    ),
    Expertise(
        Person("expert5", "费博材", Role.EXPERT), "东吴材料大学", "教授", ("materials", "equipment")
    ),
    Expertise(
        Person("expert6", "甘投之", Role.EXPERT), "钟山创业投资管理公司", "高级经济师",
        ("biomedicine", "software"),
    ),
    Expertise(
        Person("expert7", "洪转化", Role.EXPERT), "长三角技术转移中心", "高级技术经理人",
        ("ai", "biomedicine", "other"),
    ),
)  # fmt: skip
APPLICANTS = (
    Applicant(
        "university", "金陵未来理工大学", "12320000466006770E", "university", "qixia",
        "南京市栖霞区学海路 1 号", "周学海",
        Person("university.admin", "吴文澜", Role.ORG_ADMIN, "university"),
        Person("university.filler", "郑思齐", Role.FILLER, "university"),
        {"staff_count": 2600, "rd_staff_count": 1500},
    ),
    Applicant(
        "zidong", "南京紫东先导验证科技有限公司", "91320113MA2B00X78G", "enterprise", "qixia",
        "南京市栖霞区先导路 8 号", "王启明",
        Person("zidong.admin", "冯守成", Role.ORG_ADMIN, "zidong"),
        Person("zidong.filler", "陈立行", Role.FILLER, "zidong"),
        {"staff_count": 86, "rd_staff_count": 52, "registered_capital_cny": Decimal("30000000"),
         "revenue_cny": Decimal("45000000"), "rd_expense_cny": Decimal("9800000")},
    ),
    Applicant(
        "pharma", "南京江北新药转化研究院", "52320100MJ000123X9", "institute", "jbxq",
        "南京市江北新区药谷路 6 号", "褚济民",
        Person("pharma.admin", "卫康宁", Role.ORG_ADMIN, "pharma"),
        Person("pharma.filler", "蒋若兰", Role.FILLER, "pharma"),
        {"staff_count": 120, "rd_staff_count": 90},
    ),
    Applicant(
        "pending", "南京栖霞智造装备有限公司", "91320100MA1W00016A", "enterprise", "qixia",
        "南京市栖霞区智造路 3 号", "秦工",
        Person("newcomer.admin", "尤新来", Role.ORG_ADMIN, "pending"),
    ),
)  # fmt: skip
# The units' contacts, as applicants see them in place of names.
DIVISIONS = {
    "kjj": ("成果转化处", "Technology Transfer Division", "025-68786000"),
    "jrb": ("科创金融处", "Science Finance Division", "025-83630000"),
    "czj": ("科教和文化处", "Science, Education and Culture Division", "025-51808000"),
    "qixia": ("区科技局成果科", "District S&T Bureau, Transfer Section", "025-85570000"),
    "jbxq": ("科技创新局", "Science and Innovation Bureau", "025-88020000"),
}
GUIDE = """一、支持对象
高校、科研院所、医疗卫生机构、企业等建设的市场化运作的概念验证中心，已列入市级培育。

二、支持标准
根据绩效择优认定 10 家，按规定期限内的建设投入的 30% 给予资助，单个中心最高 200 万元。

三、申报程序
单位在线填报，经单位管理员审核后提交；区（江北新区）科技部门推荐；市科技局受理和形式审查，会同市教育局、\
市工信局、市卫健委、市财政局、市委金融办会商；专家评审、投入核定、会议遴选后公示 5 个工作日；认定并经\
市财政局确认后拨付。

四、申报材料
见本通知“申报材料”，材料须清晰、完整，金额与专项审计报告一致。

五、其他
提供虚假材料的，取消申报资格；已拨付的，追回资金。"""
WINDOW_DAYS = 30


# --- making --------------------------------------------------------------------------


def make() -> bool:
    """Add what is missing; True if anything was."""
    password = Password()
    made = [make_people(password), _experts(password), make_divisions(), make_calendars(), _call()]
    made.append(_applicants(password))
    return any(made)


class Password:
    """The one password of all demonstration accounts, hashed once and only if needed."""

    _hash = ""

    def hashed(self) -> str:
        self._hash = self._hash or make_password(settings.DEMO_PASSWORD)
        return self._hash


@transaction.atomic
def _person(person: Person, password: Password, *, domain: str = DOMAIN) -> tuple[User, bool]:
    email = f"{person.local}@{domain}"
    user = User.objects.filter(email=email).first()
    if user is not None:
        return user, False
    number = int(hashlib.sha256(person.local.encode()).hexdigest(), 16) % 10**8
    user = User.objects.create(
        email=email,
        name=person.name,
        phone=f"138{number:08d}",
        password=password.hashed(),
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    record("user.demo", obj=user, actor=ACTOR)
    return user, True


def make_person(
    person: Person, password: Password, *, domain: str = DOMAIN, unit: Unit | None = None
) -> User:
    """The person's account, with the role in the unit where one is given."""
    user, made = _person(person, password, domain=domain)
    if made and unit is not None:
        memberships.grant(user, person.role, unit=unit, actor=ACTOR)
    return user


@transaction.atomic
def make_people(password: Password) -> bool:
    units = {unit.code: unit for unit in Unit.objects.all()}
    any_made = False
    for person in STAFF:
        user, made = _person(person, password)
        if made:
            memberships.grant(user, person.role, unit=units.get(person.where), actor=ACTOR)
        any_made |= made
    return any_made


def _experts(password: Password) -> bool:
    before = User.objects.count()
    for expertise in EXPERTS:
        make_expert(expertise, password)
    return User.objects.count() > before


@transaction.atomic
def make_expert(expertise: Expertise, password: Password, *, domain: str = DOMAIN) -> User:
    """The expert's account, in the pool by the lead unit's clerk."""
    user, made = _person(expertise.person, password, domain=domain)
    if made:
        memberships.grant(user, Role.EXPERT, actor=ACTOR)
        experts.add(
            user.email,
            employer=expertise.employer,
            title=expertise.title,
            fields=expertise.fields,
            actor=User.objects.get(email=f"lead.clerk@{DOMAIN}"),
        )
    return user


@transaction.atomic
def make_divisions() -> bool:
    """Division and phone of the units that deal with cases, where nothing stands yet."""
    any_made = False
    for code, (division, division_en, phone) in DIVISIONS.items():
        empty = Unit.objects.filter(code=code, division="", service_phone="")
        any_made |= bool(
            empty.update(division=division, division_en=division_en, service_phone=phone)
        )
    return any_made


def _applicants(password: Password) -> bool:
    made = [_applicant(applicant, password) for applicant in APPLICANTS]
    return any(made)


@transaction.atomic
def _applicant(applicant: Applicant, password: Password) -> bool:
    """Registered by its admin; verified by the district's clerk if it has a filler."""
    admin, made = _person(applicant.admin, password)
    if Organisation.objects.filter(uscc=applicant.uscc).exists():
        return made
    district = Unit.objects.get(code=applicant.district)
    organisation = registering.register(
        {
            "name": applicant.name,
            "uscc": applicant.uscc,
            "kind": applicant.kind,
            "district": district,
            "founded_on": date(2019, 5, 20),
            "legal_representative": applicant.legal_representative,
            "address": applicant.address,
            "contact_name": applicant.admin.name,
            "contact_phone": admin.phone,
            "licence": (_paper("licence", applicant), "法人证照.pdf"),
            "authorisation": (_paper("authorisation", applicant), "授权书.pdf"),
        },
        actor=admin,
    )
    if applicant.filler is None:
        return True
    registering.update_profile(
        organisation,
        bank(applicant) | applicant.figures,
        actor=admin,
        seen_revision=organisation.revision,
    )
    filler, _made = _person(applicant.filler, password)
    memberships.grant(filler, Role.FILLER, organisation=organisation, actor=admin)
    clerk = User.objects.get(email=f"{_district_clerk(applicant.district)}@{DOMAIN}")
    organisation.refresh_from_db()
    verifying.verify(organisation, actor=clerk, seen_revision=organisation.revision)
    return True


def bank(applicant: Applicant) -> dict[str, str]:
    """The organisation's account, as its profile holds it."""
    return {
        "bank_account_name": applicant.name,
        "bank_name": "金陵银行南京分行营业部",
        "bank_account": f"6228480{applicant.uscc[-6:-1].translate(_DIGITS)}0001",
        "bank_code": "102301000012",
    }


_DIGITS = str.maketrans("ABCDEFGHJKLMNPQRTUWXY", "123456789012345678901")


def _district_clerk(unit: str) -> str:
    return next(
        person.local for person in STAFF if person.where == unit and person.role == Role.CLERK
    )


def _paper(kind: str, applicant: Applicant):
    """A sample of a paper as PDF, marked as such."""
    titles = {"licence": "法人证照（演示样本）", "authorisation": "授权书（演示样本）"}
    now = clock.now()
    content = render_pdf(
        "documents/sample.typ",
        {
            "title": titles[kind],
            "rows": [
                ["单位名称", applicant.name],
                ["统一社会信用代码", applicant.uscc],
                ["法定代表人", applicant.legal_representative],
                ["住所", applicant.address],
            ],
        },
        at=now,
    )
    return store(content, name=f"{kind}.pdf", types=["pdf"], max_bytes=2**20, at=now)


# --- calendar and call -----------------------------------------------------------------


def make_calendars(*more: int) -> bool:
    """A provisional calendar of next year, so that limits across New Year have a date."""
    any_made = False
    for year in sorted({clock.today().year, clock.today().year + 1, *more}):
        if not CalendarYear.objects.filter(year=year).exists():
            calendars.load_year(
                year,
                provisional_days(year),
                source="演示用暂定安排（法定节日，未含调休）",
                provisional=True,
                actor=ACTOR,
            )
            any_made = True
    return any_made


# Festivals of the lunar calendar: 春节 (正月初一), 端午节, 中秋节.
LUNAR = {
    2027: (date(2027, 2, 6), date(2027, 6, 9), date(2027, 9, 15)),
    2028: (date(2028, 1, 26), date(2028, 5, 28), date(2028, 10, 3)),
    2029: (date(2029, 2, 13), date(2029, 6, 16), date(2029, 9, 22)),
    2030: (date(2030, 2, 3), date(2030, 6, 5), date(2030, 9, 12)),
}


def provisional_days(year: int) -> list[calendars.Day]:
    """The statutory holidays of a year (国务院令第795号) without any shifted weekend."""
    spring, dragon_boat, mid_autumn = LUNAR.get(year, (None, None, None))
    days = {date(year, 1, 1): "元旦", date(year, 4, 5): "清明节"}
    days |= {date(year, 5, day): "劳动节" for day in (1, 2)}
    if spring:
        days |= {spring + timedelta(days=step): "春节" for step in range(-1, 3)}
        days |= {known(dragon_boat): "端午节", known(mid_autumn): "中秋节"}
    days |= {date(year, 10, day): "国庆节" for day in (1, 2, 3)}
    return [(day, False, name) for day, name in sorted(days.items())]


@transaction.atomic
def _call() -> bool:
    """The open call of this year: drafted by one policy administrator, published by the other."""
    now = clock.now()
    today = clock.local(now).date()
    measure = Measure.objects.get(line=LINE)
    if Call.objects.published().filter(measure=measure, year=today.year).exists():
        return False
    first, second = (User.objects.get(email=f"policy.admin{number}@{DOMAIN}") for number in (1, 2))
    call = calls.draft(
        measure,
        {
            "title_zh": f"{today.year}年度概念验证中心申报通知",
            "title_en": f"{today.year} call for concept-verification centres",
            "guide_zh": GUIDE,
            "year": today.year,
            "opens_at": datetime.combine(today, time(0, 0), clock.ZONE),
            "closes_at": _cut_off(today),
            "budget_cny": Decimal("20000000.00"),
            "places": 10,
            "settings": {
                "rate": "0.3",
                "window_start": date(today.year - 2, 1, 1).isoformat(),
                "window_end": today.isoformat(),
            },
        },
        actor=first,
    )
    calls.publish(call, actor=second, seen_revision=call.revision)
    return True


def _cut_off(today: date) -> datetime:
    """17:30 of a working day about a month from now."""
    found = workdays.add_workdays(today + timedelta(days=WINDOW_DAYS - 1), 1)
    day = found.date or today + timedelta(days=WINDOW_DAYS)
    return datetime.combine(day, time(17, 30), clock.ZONE)


# --- telling ---------------------------------------------------------------------------


# Who is told first: applicants, units, finance, administrators, experts.
_TOLD = (
    Role.FILLER, Role.ORG_ADMIN, Role.CLERK, Role.HEAD, Role.FINANCE, Role.FINANCE_HEAD,
    Role.POLICY_ADMIN, Role.ACCOUNT_ADMIN, Role.AUDITOR, Role.EVALUATOR, Role.EXPERT,
)  # fmt: skip


def accounts() -> list[dict[str, str]]:
    """Who may sign in: the accounts that are loaded and shown, in the order of the road."""
    held = (
        Membership.objects.active()
        .filter(user__email__endswith=f"@{DOMAIN}", user__is_active=True)
        .select_related("user", "unit", "organisation")
    )
    told = sorted(
        held, key=lambda row: (_TOLD.index(row.role) // 2, row.organisation_id or 0, row.pk)
    )
    return [
        {
            "email": row.user.email,
            "name": row.user.name,
            "role": str(row.role),
            "role_zh": str(row.get_role_display()),
            "place": _place(row),
        }
        for row in told
    ]


def _place(row: Membership) -> str:
    if row.organisation is not None:
        return row.organisation.name
    return row.unit.name_zh if row.unit is not None else ""
