"""Invented names of organisations and projects, by the thousand: the same number, the same name."""

import random

PLACES = (
    "南京", "金陵", "钟山", "玄武", "栖霞", "江北", "紫金", "秦淮", "雨花", "麒麟", "溧水", "高淳",
    "浦口", "六合", "江宁", "建邺", "鼓楼", "石城", "仙林", "扬子",
)  # fmt: skip
STEMS = (
    "启元", "博远", "恒睿", "明德", "天工", "云帆", "星河", "致远", "弘毅", "锐思", "华拓", "安澜",
    "瑞泽", "同创", "汇智", "聚能", "凌云", "海川", "嘉禾", "正道", "精诚", "百川", "鼎新", "卓越",
    "景行", "新程", "高远", "立言", "承启", "知行", "格物", "求索", "朗润", "清源", "东昇", "未央",
    "长风", "九章", "万象", "千寻",
)  # fmt: skip
FIELDS = (
    "生物医药", "集成电路", "人工智能", "新材料", "智能装备", "新能源", "软件信息", "量子信息",
    "航空航天", "轨道交通", "智能电网", "医疗器械", "基因检测", "机器人", "碳纤维", "氢能", "光电",
    "物联网", "区块链", "现代农业",
)  # fmt: skip
TAILS = {
    "enterprise": ("科技有限公司", "技术股份有限公司"),
    "university": ("大学", "学院"),
    "institute": ("研究院", "研究所"),
    "hospital": ("医院", "医学中心"),
    "new_rd": ("创新研究院有限公司", "产业研究院有限公司"),
    "association": ("行业协会", "创新联盟"),
    "park": ("科技园管理有限公司", "孵化器有限公司"),
}
SUBJECTS = (
    "单细胞测序", "抗体药物", "功率器件", "边缘计算", "大语言模型", "柔性显示", "固态电池",
    "高温合金", "手术机器人", "激光雷达", "类器官芯片", "碳化硅外延", "脑机接口", "卫星遥感",
    "工业软件", "光刻胶", "钙钛矿组件", "智能驾驶", "微流控", "核酸药物", "存算一体", "数字孪生",
)  # fmt: skip
WORK = ("关键技术", "检测平台", "中试工艺", "产业化", "成套装备", "验证服务", "标准与评价")
PROJECTS = {"10-1": "概念验证中心", "11-1": "中试平台", "13-1": "联合攻关"}


def organisation(number: int, kind: str) -> str:
    """The name of the organisation with this number; the first 32,000 of a kind all differ."""
    tails = TAILS.get(kind, TAILS["enterprise"])
    # 7919 is prime to the product of the lengths: neighbours do not resemble each other.
    at = number * 7919 % (len(PLACES) * len(STEMS) * len(FIELDS) * len(tails))
    at, place = divmod(at, len(PLACES))
    at, stem = divmod(at, len(STEMS))
    at, area = divmod(at, len(FIELDS))
    return f"{PLACES[place]}{STEMS[stem]}{FIELDS[area]}{tails[at]}"


def project(chance: random.Random, line: str) -> str:
    """The title of a project under a line."""
    tail = PROJECTS.get(line, "项目")
    return f"{chance.choice(STEMS)}{chance.choice(SUBJECTS)}{chance.choice(WORK)}{tail}"


def address(chance: random.Random, district: str) -> str:
    """An address in the district."""
    street = f"{chance.choice(STEMS)}{chance.choice(('路', '街', '大道', '巷'))}"
    return f"南京市{district}{street} {chance.randrange(1, 9999)} 号"
