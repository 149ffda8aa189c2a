"""Questions on the calls: what applicants ask, and how far the unit in charge has come with each."""

from dataclasses import dataclass

from awards.demonstration.world import Running, World
from policy import questions
from policy.models import Question


@dataclass(frozen=True)
class Asked:
    """``day``: working days from today; the answer is drafted the day after and made public on the
    day after that, as far as ``end`` goes. ``into``: the question of the round, counted from 0,
    whose public answer is pointed to."""

    organisation: str
    day: int
    text: str
    end: str = "asked"
    answer: str = ""
    into: int = 0


QUESTIONS: dict[str, tuple[Asked, ...]] = {
    "third": (
        Asked(
            "ruijian", -60, "中试平台由医院和企业共建的，可以由谁申报？", "public",
            "由承担建设投入、实际运行平台的法人单位申报，共建各方的投入按票据抬头分别计算。",
        ),
        Asked(
            "zhiyun", -58, "已向社会开放但尚未形成收入的平台能否申报？", "public",
            "可以申报。请在“服务成效”栏如实填写服务对象和次数，没有收入的填 0。",
        ),
    ),
    "fourth": (
        Asked(
            "jinfu", -9, "驿站设在园区内、由园区无偿提供场地的，运营投入怎么填？", "public",
            "按实际发生的运营支出填写，无偿提供的场地不折算金额，可在“运营情况”中说明。",
        ),
        Asked("rongqiao", -7, "去年已挂牌的驿站今年还能申报吗？"),
        Asked(
            "kechuang", -3, "一家机构在两个区各设一个驿站，是一件申报还是两件？", "drafted",
            "按驿站分别申报，每个驿站一件；同一服务记录不得重复填报。",
        ),
        Asked("zhiyun", -1, "企业自建、只服务本集团的金融服务窗口算不算驿站？"),
    ),
    "fifth": (
        Asked(
            "weilan", -10, "租赁验证场地的租金能不能计入建设投入？", "public",
            "本批次投入期限内实际支付并取得发票的租金可以计入，在投入明细表中选“场地租赁”。",
        ),
        Asked(
            "qinglan", -8, "专项审计报告由学校审计处出具可以吗？", "public",
            "须由会计师事务所出具，报告期间应覆盖本批次的投入期限。",
        ),
        Asked("mingche", -6, "场地租金是否算建设投入？", "merged"),
        Asked(
            "chenguang", -5, "本单位正在变更名称，应以哪个名称申报？", "private",
            "以提交时营业执照上的名称为准。变更后请在“单位资料”中更新，由区重新核验。",
        ),
        Asked(
            "pharma", -3, "专职人员是否包含与高校双聘的人员？", "drafted",
            "双聘人员在本中心的工作时间不少于一半、并由本单位发放相应薪酬的，可以计入。",
        ),
        Asked("zidong", -5, "设备分期付款，尚未付清的部分怎么填？"),
        Asked("university", -1, "两个学院联合建设的中心，能否由一个学院单独申报？"),
    ),
}  # fmt: skip


def tell(world: World, running: Running) -> None:
    """Put the round's questions on the schedule."""
    rows = QUESTIONS.get(running.round.key, ())
    for number, asked in enumerate(rows):
        name = f"{running.round.key} question {number + 1}"
        world.plan(asked.day, f"{9 + number}:05", f"{name}: ask", ask, running, asked)
        if asked.end != "asked":
            world.plan(asked.day + 1, "15:20", f"{name}: answer", answer, running, asked)
        if asked.end == "public":
            world.plan(asked.day + 2, "10:40", f"{name}: approve", approve, running, asked)


def ask(world: World, running: Running, asked: Asked) -> None:
    actor = world.cast.members[asked.organisation].filler
    questions.ask(running.call, asked.text, actor=actor)


def answer(world: World, running: Running, asked: Asked) -> None:
    question = _of(running, asked)
    by = {"actor": world.lead(running), "seen_revision": question.revision}
    if asked.end == "merged":
        into = _of(running, QUESTIONS[running.round.key][asked.into])
        questions.merge(question, into=into, **by)
    elif asked.end == "private":
        questions.answer_privately(question, answer=asked.answer, **by)
    else:
        questions.draft_public(question, public_text=asked.text, answer=asked.answer, **by)


def approve(world: World, running: Running, asked: Asked) -> None:
    question = _of(running, asked)
    actor = world.lead(running, "head")
    questions.approve(question, actor=actor, seen_revision=question.revision)


def _of(running: Running, asked: Asked) -> Question:
    return Question.objects.get(call=running.call, text=asked.text)
