"""Who takes part in the demonstration of full size: people of every unit and district, more
experts, and the organisations with their profiles, verified by their districts."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from random import Random

from awards.demonstration import base, vocabulary
from awards.demonstration.base import Applicant, Expertise, Person
from awards.demonstration.codes import credit_code
from awards.demonstration.papers import Papers, sample
from portal import clock
from portal.accounts import memberships, registering, verifying
from portal.accounts.models import Organisation, Role, Unit, User
from reviews import experts

# Accounts of everybody else: they act in the histories, and are not named on the sign-in page.
REST_DOMAIN = f"org.{base.DOMAIN}"
# Organisations whose accounts are named beside those of ``base``: a hospital, a new-type R&D
# institution, a company, a university, and who runs a service station.
SHOWN = ("ruijian", "xinyuan", "zhiyun", "jinfu")

# Every unit that leads or joins a line has a clerk, every lead unit and district a head.
CO_UNITS = ("fgw", "gzw", "scjgj", "swj", "rsj", "ghzyj", "jw", "sthjj", "gaj", "shuju", "rhyg")
STAFF = (
    *(
        Person(f"{code}.clerk", name, Role.CLERK, code)
        for code, name in zip(
            CO_UNITS,
            (
                "方怀远",
                "谷子衿",
                "盛开元",
                "尚行商",
                "任思齐",
                "桂自然",
                "简立本",
                "沈清源",
                "安知危",
                "舒据真",
                "任银海",
            ),
            strict=True,
        )
    ),
    *(
        Person(f"{code}.{part}", name, role, code)
        for code, clerk, head in (
            ("xuanwu", "玄明溪", "武听松"),
            ("qinhuai", "秦望淮", "淮一舟"),
            ("jianye", "邺清扬", "建同舟"),
            ("gulou", "鼓惟新", "楼观海"),
            ("pukou", "浦知行", "口碑远"),
            ("yuhuatai", "花若雨", "台青岩"),
            ("jiangning", "江牧宁", "宁致远"),
            ("luhe", "陆和鸣", "合为贵"),
            ("lishui", "溧如水", "水润泽"),
            ("gaochun", "高淳一", "淳于安"),
        )
        for part, name, role in (("clerk", clerk, Role.CLERK), ("head", head, Role.HEAD))
    ),
)
EXPERT_COUNT = 6
EMPLOYERS = (
    "江东理工大学", "东吴材料大学", "金陵医学研究院", "江左智能计算研究所", "长三角技术转移中心",
    "钟山创业投资管理公司", "南境集成电路设计中心", "淮左会计师事务所",
)  # fmt: skip


@dataclass
class Member:
    """An organisation of the cast with the people who act for it."""

    organisation: Organisation
    admin: User
    filler: User
    kind: str
    work: str


@dataclass
class Cast:
    """Everybody, by what the acts call them."""

    people: dict[str, User] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)

    def person(self, local: str) -> User:
        return self.people[local]

    def clerk(self, unit: Unit) -> User:
        return self.people[f"clerk@{unit.code}"]

    def head(self, unit: Unit) -> User:
        return self.people[f"head@{unit.code}"]

    def of_kinds(self, kinds) -> list[str]:
        return [key for key, member in self.members.items() if member.kind in set(kinds)]


def gather_staff(cast: Cast, password: base.Password, *, random: Random) -> None:
    """The units' people, administrators and experts, as of the first day."""
    base.make_people(password)
    units = {unit.code: unit for unit in Unit.objects.all()}
    for person in STAFF:
        base.make_person(person, password, domain=REST_DOMAIN, unit=units[person.where])
    users = {user.email.partition("@")[0]: user for user in User.objects.all()}
    for person in (*base.STAFF, *STAFF):
        user = cast.people[person.local] = users[person.local]
        if person.role in {Role.CLERK, Role.HEAD}:
            cast.people[f"{person.role}@{person.where}"] = user
    base.make_divisions()
    for unit in Unit.objects.filter(division="", kind="district"):
        digits = vocabulary.DISTRICTS[unit.code][0]
        unit.division, unit.division_en, _phone = base.DIVISIONS["qixia"]
        unit.service_phone = f"025-8{digits[1:]}10"
        unit.save(update_fields=["division", "division_en", "service_phone"])
    gather_experts(cast, password, random=random)


def gather_experts(cast: Cast, password: base.Password, *, random: Random) -> None:
    """The experts of ``base`` and more, so that every field has some to draw from."""
    fields = sorted(experts.known_fields())
    for expertise in base.EXPERTS:
        cast.people[expertise.person.local] = base.make_expert(expertise, password)
    for number in range(len(base.EXPERTS) + 1, len(base.EXPERTS) + EXPERT_COUNT + 1):
        surname, given = vocabulary.SURNAMES[number * 7], vocabulary.GIVEN[number % 30]
        person = Person(f"expert{number}", surname + given, Role.EXPERT)
        first = fields[number % len(fields)]
        chosen = {first, random.choice(fields)}
        employer = EMPLOYERS[number % len(EMPLOYERS)]
        title = vocabulary.TITLES[number % len(vocabulary.TITLES)]
        expertise = Expertise(person, employer, title, tuple(sorted(chosen)))
        cast.people[person.local] = base.make_expert(expertise, password, domain=REST_DOMAIN)


# --- organisations ----------------------------------------------------------------------


def applicants(random: Random) -> list[tuple[Applicant, str]]:
    """The organisations with what they work on, those of ``base`` first."""
    works = {
        "university": "人工智能",
        "zidong": "高端装备",
        "pharma": "生物医药",
        "pending": "高端装备",
    }
    found = [(item, works[item.key]) for item in base.APPLICANTS]
    late = {key for key, *_rest in vocabulary.LATECOMERS}
    for key, name, kind, district, work in (*vocabulary.ORGANISATIONS, *vocabulary.LATECOMERS):
        digits, streets = vocabulary.DISTRICTS[district]
        chance = Random(f"{key}/{random.random()}")
        found.append(
            (
                Applicant(
                    key, name, credit_code(chance, vocabulary.USCC_HEADS[kind], digits), kind,
                    district, f"{chance.choice(streets)} {chance.randint(2, 298)} 号",
                    _name(chance),
                    Person(f"{key}.admin", _name(chance), Role.ORG_ADMIN, key),
                    None if key in late else Person(f"{key}.filler", _name(chance), Role.FILLER, key),
                    figures(kind, chance),
                ),
                work,
            )
        )  # fmt: skip
    return found


def _name(random: Random) -> str:
    return random.choice(vocabulary.SURNAMES) + random.choice(vocabulary.GIVEN)


def figures(kind: str, random: Random) -> dict:
    """What a profile tells of size and standing; a company's also of revenue."""
    staff = random.randint(*((900, 4200) if kind in {"university", "hospital"} else (32, 420)))
    found: dict = {"staff_count": staff, "rd_staff_count": staff * random.randint(25, 70) // 100}
    if kind in {"enterprise", "new_rd", "agency", "park", "bank"}:
        revenue = Decimal(random.randint(800, 32000)) * 10_000
        found |= {
            "registered_capital_cny": Decimal(random.randint(5, 120)) * 1_000_000,
            "revenue_cny": revenue,
            "rd_expense_cny": (revenue * random.randint(6, 28) / 100).quantize(Decimal("0.01")),
        }
    if kind in {"enterprise", "new_rd"} and random.random() < 0.6:
        found["hightech_number"] = (
            f"GR20{random.randint(23, 25)}32{random.randint(10**5, 10**6 - 1)}"
        )
        found["specialised"] = random.choice(
            ("", "省专精特新中小企业", "国家级专精特新“小巨人”企业")
        )
    return found


def join(
    cast: Cast, applicant: Applicant, work: str, password: base.Password, papers: Papers, *, random
) -> Member:
    """Register an organisation, fill in its profile and verify it, two days later by the clock."""
    domain = base.DOMAIN if applicant.key in SHOWN or applicant in base.APPLICANTS else REST_DOMAIN
    admin = base.make_person(applicant.admin, password, domain=domain)
    district = Unit.objects.get(code=applicant.district)
    now = clock.now()
    address = applicant.address
    if not address.startswith("南京市"):
        address = f"南京市{district.name_zh}{address}"
    licence = sample("法人证照", [["单位名称", applicant.name], ["代码", applicant.uscc]], at=now)
    organisation = registering.register(
        {
            "name": applicant.name,
            "uscc": applicant.uscc,
            "kind": applicant.kind,
            "district": district,
            "founded_on": clock.today() - timedelta(days=random.randint(900, 5200)),
            "legal_representative": applicant.legal_representative,
            "address": address,
            "contact_name": applicant.admin.name,
            "contact_phone": admin.phone,
            "licence": (licence, "法人证照.pdf"),
            "authorisation": (papers.authorisation, "授权书.pdf"),
        },
        actor=admin,
    )
    organisation = registering.update_profile(
        organisation,
        base.bank(applicant) | applicant.figures,
        actor=admin,
        seen_revision=organisation.revision,
    )
    filler = admin
    if applicant.filler is not None:
        filler = base.make_person(applicant.filler, password, domain=domain)
        memberships.grant(filler, Role.FILLER, organisation=organisation, actor=admin)
    member = Member(organisation, admin, filler, applicant.kind, work)
    if applicant.filler is not None:
        cast.members[applicant.key] = member
    return member


def verify(cast: Cast, key: str) -> None:
    """The district looks at the papers and verifies."""
    member = cast.members[key]
    organisation = Organisation.objects.select_related("district").get(pk=member.organisation.pk)
    verifying.verify(
        organisation,
        actor=cast.clerk(organisation.district),
        seen_revision=organisation.revision,
    )
    organisation.refresh_from_db()
    member.organisation = organisation
