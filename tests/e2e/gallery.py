"""Pages that show every component as the real pages will use it. For looking at, in tests only."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace as Thing

import django_tables2 as tables
from django import forms
from django.http import HttpResponse
from django.template import engines
from django.urls import path

from portal.figures import Step
from portal.tables import MoneyColumn, TitleColumn
from portal.urls import handler400, handler403, handler404  # noqa: F401
from portal.urls import urlpatterns as portal_urls

WORKSPACE = """{% extends "base_applicant.html" %}{% load portal_ui %}
{% block title %}概念验证中心认定与资助申报{% endblock %}
{% block breadcrumbs %}<nav aria-label="当前位置"><ol class="breadcrumb"><li class="breadcrumb-item"><a href="/">我的申报</a></li><li class="breadcrumb-item active">2026 年度第一批</li></ol></nav>{% endblock %}
{% block heading %}概念验证中心认定与资助申报{% endblock %}
{% block lead %}<p class="lead">第十条 · 牵头单位 市科技局 · 推荐单位 栖霞区科技局</p>{% endblock %}
{% block column %}
  {% progress 5 9 "已保存 15:02:31" %}
  {% for title, rows in groups %}<section class="card"><div class="card-header"><h2>{{ title }}</h2></div>{% task_list rows %}</section>{% endfor %}
{% endblock %}
{% block rail %}
  {% deadline_clock closes_at %}
  <div class="card"><div class="card-header"><h2>预计金额</h2><a href="#a">测算过程</a></div><div class="card-body">{% amount_bar computed cap asked %}</div></div>
  <div class="card"><div class="card-header"><h2>协作人</h2><a href="#b">邀请</a></div><div class="card-body small">李填报（填报人） · 正在编辑第 5 项<br>王主管（单位管理员，负责提交）</div></div>
{% endblock %}"""

TIMELINE = """{% extends "base_applicant.html" %}{% load portal_ui %}
{% block title %}钟山示例概念验证中心{% endblock %}
{% block heading %}钟山示例概念验证中心{% endblock %}
{% block lead %}<p class="lead">10-1-2026-0042 · 2026 年度第一批</p>{% endblock %}
{% block column %}
  <div class="card"><div class="card-body"><dl class="holder"><div><dt>现在由谁办理</dt><dd><strong>市科技局 成果处</strong><span>形式审查</span></dd></div><div><dt>最迟办结</dt><dd><strong>11月24日（周二）</strong><span>还有 2 个工作日</span></dd></div><div><dt>下一步</dt><dd><strong>责任单位会商</strong><span>市教育局等 5 家，7 个工作日</span></dd></div></dl></div></div>
  <div class="card"><div class="card-body">{% timeline stages %}</div></div>
{% endblock %}
{% block rail %}
  <div class="card"><div class="card-header"><h2>金额</h2></div><div class="card-body"><dl class="sum-lines"><dt>申请</dt><dd><b>200.00 万元</b></dd><dt>核定 / 批准 / 拨付</dt><dd>待定</dd></dl></div></div>
  <div class="card"><div class="card-header"><h2>可以办理</h2></div><div class="card-body stack"><a class="btn btn-secondary btn-block" href="#c">联系经办单位</a><button class="btn btn-secondary btn-block" data-opens="withdraw">撤回申报</button></div></div>
  {% confirm_dialog "withdraw" "撤回申报" "/" "撤回申报" text="撤回后本批次内可以重新提交，原编号不再使用。" expected="10-1-2026-0042" %}
{% endblock %}"""

SECTION = """{% extends "base_applicant.html" %}{% load portal_ui crispy_forms_tags %}
{% block title %}建设投入{% endblock %}
{% block heading %}建设投入{% endblock %}
{% block column %}
  <form method="post" novalidate>{% csrf_token %}{{ form|crispy }}
  <div class="field"><div class="upload"><p class="upload-limits">PDF，每份不超过 20 MB，最多 3 份。</p>{% for file in files %}{% upload_row file %}{% endfor %}</div></div></form>
  <p class="small">{% money amount %}</p>
{% endblock %}
{% block rail %}<div class="card"><div class="card-header"><h2>为什么要填</h2></div><div class="card-body">{% clause_quote "根据绩效择优认定10家市级概念验证中心，按建设投入给予最高200万元资助" "宁委办发〔2024〕14号 第十条" "按建设投入" %}</div></div>{% endblock %}
{% block sticky_foot %}<div class="sticky-foot"><div class="container-page"><span class="small muted">已保存 15:02:31 · 王主管 正在编辑第 5 项</span><span class="actions"><a class="btn btn-secondary" href="#p">上一步</a><button class="btn btn-primary">保存并继续</button></span></div></div>{% endblock %}"""

DESK = """{% extends "base_desk.html" %}{% load portal_ui %}
{% block title %}待办{% endblock %}
{% block heading %}待办{% endblock %}
{% block list %}<div class="pane-head"><h2>我的待办 5</h2><span class="small muted">按期限</span></div>
<ul class="queue">{% for row in queue %}<li><a href="#{{ forloop.counter }}"{% if forloop.first %} aria-current="true"{% endif %}><span class="queue-head"><strong>{{ row.name }}</strong>{% due_chip row.left row.due %}</span><span class="queue-meta">{{ row.meta }}</span></a></li>{% endfor %}</ul>{% endblock %}
{% block document %}<div class="pane-head"><h2>附件 3 专项审计报告.pdf</h2><span class="actions">{% status_tag "已查毒" "good" %}</span></div><div class="pane-body">第 7 / 42 页</div>{% endblock %}
{% block panel_head %}<div class="pane-head"><h2>钟山示例概念验证中心</h2>{% due_chip -1 %}<span class="small muted">形式审查 · 应于 2026-11-20 办结 · 下一步 会商（5 家）</span></div>
<ul class="tabs"><li><a href="#t1" aria-current="true">核对 11/14</a></li><li><a href="#t2">金额</a></li><li><a href="#t3">发现<span class="tab-count">3</span></a></li><li><a href="#t4">历史</a></li></ul>{% endblock %}
{% block panel %}
<div class="check-row"><span>统一社会信用代码与证照一致</span>{% status_tag "符合" "good" %}</div>
<div class="check-row is-warn"><span><b>关联交易 60.00 万元</b><br>第 42 行供应商与申报单位同一法定代表人</span>{% status_tag "剔除" "warn" %}</div>
<div class="pane-body">{% quota_dots 10 7 held=1 %} {% waterfall steps %}</div>{% endblock %}
{% block panel_actions %}<div class="desk-actions"><button class="btn btn-secondary">一次性补正<kbd>r</kbd></button><button class="btn btn-secondary">不予受理</button><button class="btn btn-primary">受理并会商<kbd>a</kbd></button></div>{% endblock %}"""

CAPS = """{% extends "base_staff.html" %}{% load portal_ui django_tables2 %}
{% block title %}额度与拨付{% endblock %}
{% block heading %}额度与拨付 · 2026 年度{% endblock %}
{% block lead %}<p class="lead">数据截至 2026-11-21 15:03:10，与台账逐分一致 {% status_tag "已核对" "good" %}</p>{% endblock %}
{% block page_actions %}<button class="btn btn-secondary">导出额度台账 .xlsx</button><button class="btn btn-primary">资金拨付表</button>{% endblock %}
{% block column %}
<div class="figure-cards">{% for label, cny in sums %}<div class="card"><div class="card-body"><span class="figure-label">{{ label }}</span><div class="figure-value">{{ cny|wan }} <small>万元</small></div></div></div>{% endfor %}</div>
<div class="card"><div class="card-header"><h2>各条款额度</h2>{% bullet_legend %}</div>{% render_table table %}</div>
<div class="card mt-3">{% empty_state "没有符合条件的记录" url="?" action="清除筛选" hidden=12 %}</div>
{% endblock %}"""


class InvestmentForm(forms.Form):
    name = forms.CharField(label="项目名称", max_length=60, help_text="不超过 60 字。")
    kind = forms.ChoiceField(label="建设模式", choices=[("a", "高校"), ("b", "企业")])
    amount = forms.DecimalField(label="建设投入")
    mode = forms.ChoiceField(
        label="省级推荐意愿", choices=[("y", "愿意"), ("n", "不愿意")], widget=forms.RadioSelect
    )
    fields_ = forms.MultipleChoiceField(
        label="领域",
        help_text="最多两个。",
        required=False,
        choices=[("x", "生物医药"), ("z", "集成电路")],
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(label="说明", widget=forms.Textarea, required=False)
    agree = forms.BooleanField(label="以上内容真实")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        amount = self.fields["amount"]
        amount.unit, amount.money_unit = "万元", "wan"
        amount.note = "来自单位信息库，2026-11-03 更新"


class CapTable(tables.Table):
    line = tables.Column(verbose_name="条款")
    name = TitleColumn(verbose_name="措施")
    use = tables.TemplateColumn(
        "{% load portal_ui %}{% bullet_bar record.cap record.paid record.approved record.hand"
        " record.ghost %}",
        verbose_name="预算使用",
        orderable=False,
    )
    places = tables.TemplateColumn(
        "{% load portal_ui %}{% quota_dots record.total record.taken %}", verbose_name="名额"
    )
    cap = MoneyColumn(verbose_name="预算", total=True)


def _row(name, state, tone="plain", hint="", url="#x"):
    return {"name": name, "state": state, "tone": tone, "hint": hint, "url": url}


def _context(now):
    wan = Decimal(10_000)
    clause = "第十条"
    return {
        "closes_at": now + timedelta(days=9, hours=2, minutes=3),
        "computed": 240 * wan,
        "cap": 200 * wan,
        "asked": 200 * wan,
        "amount": 200 * wan,
        "groups": [
            (
                "一、单位与团队",
                [
                    _row("1. 单位信息", "已完成", hint="来自单位信息库，2026-11-03 更新"),
                    _row("2. 依托与共建单位", "已完成"),
                ],
            ),
            (
                "二、能力与成效",
                [
                    _row("5. 验证项目库", "填写中 · 还差 2 项", "warn"),
                    _row(
                        "6. 在宁转化与首次股权融资",
                        "有问题 · 第 3 行投资日期早于成立日期",
                        "bad",
                    ),
                    _row("8. 附件", "未开始", "info"),
                    _row("9. 检查并提交", "暂不可填", hint="完成其他各项后可填", url=""),
                ],
            ),
        ],
        "stages": [
            Thing(
                state="done",
                name="提交",
                meta="11-10 16:48:02 · 王主管",
                note="回执 10-1-2026-0042 · 摘要 9f3c 71d0 ·",
                links=[("#r", "下载申报书 PDF")],
            ),
            Thing(state="done", name="栖霞区科技局推荐", meta="11-13 · 用时 3 个工作日"),
            Thing(state="now", name="形式审查", tag="办理中", note="核对 14 项，已完成 11 项"),
            Thing(state="next", name="责任单位会商 · 预计 12月3日前"),
            Thing(state="next", name="认定与拨付"),
        ],
        "files": [
            Thing(
                name="专项审计报告.pdf",
                url="#f",
                size_bytes=3_400_000,
                sha256="9f3c71d0" * 8,
                uploaded_at=now,
                state="已查毒",
                tone="good",
                error="",
                delete_url="/",
            ),
            Thing(
                name="社保证明.pdf", url="", error="文件已加密，请上传可以打开的文件。", delete_url="/"
            ),
        ],
        "queue": [
            Thing(name="钟山示例概念验证中心", left=-1, due=now.date(), meta="10-1-2026-0042 · 形式审查 · 栖霞区"),
            Thing(name="江北示例中试平台", left=0, due=now.date(), meta="11-1-2026-0017 · 形式审查"),
            Thing(name="秦淮示例医学验证中心", left=2, due=now.date(), meta="10-1-2026-0039 · 补正已回"),
            Thing(name="麒麟示例材料中试线", left=4, due=now.date(), meta="11-1-2026-0021 · 会商"),
            Thing(name="紫金示例激光研究院", left=None, due=None, meta="13-1-2026-0008 · 核定"),
        ],
        "steps": [
            Step("申报", 860 * wan),
            Step("剔除", 60 * wan, "minus", "本批指南 四（二）", "关联交易，1 行"),
            Step("核定", 800 * wan),
            Step("× 30%", 240 * wan, clause="本批指南 三"),
            Step("上限", 200 * wan, clause=clause),
            Step("拟批", 200 * wan, "final"),
        ],
        "sums": [("年度预算", 12000 * wan), ("已批准", Decimal("78462000")), ("已拨付", Decimal("43186000.01")), ("在办申请", 3920 * wan)],
        "table": CapTable(
            [
                {"line": "10-1", "name": "概念验证中心", "cap": 2000 * wan, "paid": 666 * wan, "approved": 1400 * wan, "hand": 800 * wan, "ghost": 2200 * wan, "total": 10, "taken": 7},
                {"line": "11-1", "name": "中试平台", "cap": 4000 * wan, "paid": 1000 * wan, "approved": 2400 * wan, "hand": 900 * wan, "ghost": None, "total": 40, "taken": 12},
                {"line": "17-1", "name": "维权援助基金", "cap": None, "paid": 10 * wan, "approved": 20 * wan, "hand": 0 * wan, "ghost": None, "total": 20, "taken": 0},
            ]
        ),
    }  # fmt: skip


def _page(source):
    def view(request):
        context = _context(request.arrived_at)
        if idle := request.GET.get("idle"):
            context["session_idle_s"] = int(idle)
        context["form"] = InvestmentForm(request.GET or None)
        template = engines["django"].from_string(source)
        return HttpResponse(template.render(context, request))

    return view


PAGES = {
    "workspace": WORKSPACE,
    "timeline": TIMELINE,
    "section": SECTION,
    "desk": DESK,
    "caps": CAPS,
}
urlpatterns = [
    *portal_urls,
    path("gallery/extend/", lambda request: HttpResponse(status=204), name="session_extend"),
    *(path(f"gallery/{name}/", _page(source)) for name, source in PAGES.items()),
]
