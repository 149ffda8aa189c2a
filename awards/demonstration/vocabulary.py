"""Words of the demonstration: fictional organisations and people, and what they write.

Nothing here names a real unit; a credit code that is valid may all the same be somebody's.
"""

# District's code in the catalogue → its digits in a credit code, streets.
DISTRICTS = {
    "jbxq": ("320100", ("药谷路", "星火路", "浦滨路")),
    "xuanwu": ("320102", ("卫岗路", "樱驼路", "徐庄路")),
    "qinhuai": ("320104", ("白下路", "光华路", "永智路")),
    "jianye": ("320105", ("嘉陵江街", "江东中街", "河西路")),
    "gulou": ("320106", ("模范马路", "幕府路", "渊声路")),
    "pukou": ("320111", ("百合路", "紫峰路", "桥荫路")),
    "qixia": ("320113", ("学海路", "先导路", "智造路")),
    "yuhuatai": ("320114", ("软件谷路", "宁双路", "花神路")),
    "jiangning": ("320115", ("将军路", "秣周路", "胜利西路")),
    "luhe": ("320116", ("雄州路", "龙池路", "宁六路")),
    "lishui": ("320117", ("团山路", "秦源路", "柘塘路")),
    "gaochun": ("320118", ("古檀路", "石臼湖路", "漆桥路")),
}
# The kinds' first two characters of a credit code (institutions 12, enterprises 91, private
# non-enterprise units 52).
USCC_HEADS = {
    "enterprise": "91",
    "university": "12",
    "institute": "12",
    "hospital": "12",
    "new_rd": "91",
    "association": "51",
    "park": "91",
    "bank": "91",
    "insurer": "91",
    "agency": "52",
}

# key, name, kind, district, what it works on. The first of a kind among the signed-in ones has
# accounts of its own on the sign-in page (``organisations.SHOWN``).
ORGANISATIONS = (
    ("ruijian", "金陵瑞健医院", "hospital", "gulou", "生物医药"),
    ("xinyuan", "南京芯元集成电路产业技术研究院有限公司", "new_rd", "jbxq", "集成电路"),
    ("zhiyun", "南京智蕴算力科技有限公司", "enterprise", "jianye", "智能算力"),
    ("qinglan", "江左青蓝大学", "university", "jiangning", "新材料"),
    ("hongyuan", "南京𬭎源先进材料有限公司", "enterprise", "pukou", "新材料"),
    ("lingshu", "南京灵枢手术机器人有限公司", "enterprise", "jbxq", "高端装备"),
    ("muqi", "南京牧启基因科技有限公司", "enterprise", "jiangning", "生物医药"),
    ("chenguang", "南京晨珖光电有限公司", "enterprise", "qixia", "高端装备"),
    ("weilan", "南京蔚岚储能技术有限公司", "enterprise", "lishui", "新型电力"),
    ("yinhe", "南京引河工业软件有限公司", "enterprise", "yuhuatai", "软件和信息服务"),
    ("tianxuan", "南京天璇网络通信有限公司", "enterprise", "jiangning", "未来网络与通信"),
    ("jiupin", "南京玖品酶工程有限公司", "enterprise", "luhe", "生物医药"),
    ("shancheng", "南京山澄环境科技有限公司", "enterprise", "gaochun", "新材料"),
    ("haotian", "南京昊恬视觉智能有限公司", "enterprise", "qinhuai", "人工智能"),
    ("yaoguang", "南京瑶光半导体装备有限公司", "enterprise", "pukou", "集成电路"),
    ("suoyi", "南京索弈智能制造有限公司", "enterprise", "lishui", "高端装备"),
    ("beidou", "南京陌北导航技术有限公司", "enterprise", "xuanwu", "未来网络与通信"),
    ("fenghe", "南京丰禾农业生物有限公司", "enterprise", "gaochun", "生物医药"),
    ("mingche", "南京鸣澈传感科技有限公司", "enterprise", "luhe", "高端装备"),
    ("yunshan", "南京云杉数据技术有限公司", "enterprise", "yuhuatai", "软件和信息服务"),
    ("longtan", "南京泷潭氢能动力有限公司", "enterprise", "qixia", "新型电力"),
    ("zhongshan", "钟麓理工大学", "university", "xuanwu", "人工智能"),
    ("jiangdong", "江东农林大学", "university", "xuanwu", "生物医药"),
    ("qinhuaiu", "秦淮师范学院", "university", "qinhuai", "软件和信息服务"),
    ("beijian", "北涧医科大学", "university", "jiangning", "生物医药"),
    ("dianli", "江左电力科学研究所", "institute", "gulou", "新型电力"),
    ("guangxue", "东吴光学技术研究所", "institute", "xuanwu", "高端装备"),
    ("nongke", "金陵种业研究院", "institute", "luhe", "生物医药"),
    ("cailiao", "钟麓新材料研究所", "institute", "qinhuai", "新材料"),
    ("suanfa", "江左智能计算研究院", "institute", "jianye", "智能算力"),
    ("renji", "南京仁霁儿童医院", "hospital", "jianye", "生物医药"),
    ("kangze", "江东康泽肿瘤医院", "hospital", "qixia", "生物医药"),
    ("mingmu", "金陵明睦眼科医院", "hospital", "qinhuai", "生物医药"),
    ("gukang", "南京骨康医院", "hospital", "yuhuatai", "生物医药"),
    ("jiyao", "南京济曜新药创制研究院有限公司", "new_rd", "jbxq", "生物医药"),
    ("zhikong", "南京智控机器人研究院有限公司", "new_rd", "jiangning", "高端装备"),
    ("wangan", "南京网桉未来网络研究院有限公司", "new_rd", "jiangning", "未来网络与通信"),
    ("qingneng", "南京青能电力电子研究院有限公司", "new_rd", "luhe", "新型电力"),
    ("guangzi", "南京光梓光子芯片研究院有限公司", "new_rd", "pukou", "集成电路"),
    ("moxing", "南京墨行大模型研究院有限公司", "new_rd", "jianye", "人工智能"),
    ("huacai", "南京华彩高分子研究院有限公司", "new_rd", "jbxq", "新材料"),
    ("naxin", "南京纳昕传感研究院有限公司", "new_rd", "lishui", "新材料"),
    ("yuanzai", "南京元载细胞工程研究院有限公司", "new_rd", "gaochun", "生物医药"),
    ("kongtian", "南京空恬遥感研究院有限公司", "new_rd", "xuanwu", "未来网络与通信"),
    ("zhihui", "南京植荟合成生物研究院有限公司", "new_rd", "pukou", "生物医药"),
    ("xianjin", "南京先谨激光研究院有限公司", "new_rd", "qixia", "高端装备"),
    ("ruanjian", "南京阮鉴工业软件研究院有限公司", "new_rd", "yuhuatai", "软件和信息服务"),
    ("jinfu", "南京金赋科创金融服务有限公司", "agency", "jianye", "其他"),
    ("kechuang", "南京珂创孵化服务中心", "agency", "qixia", "其他"),
    ("rongqiao", "南京融峤科技服务有限公司", "agency", "jiangning", "其他"),
    ("qidi", "南京麒砥科技园运营有限公司", "park", "qinhuai", "其他"),
    ("jiangxin", "南京江心洲创新园区管理有限公司", "park", "jianye", "其他"),
    ("baixia", "南京白夏高新园区服务有限公司", "park", "qinhuai", "其他"),
    ("pukouyuan", "南京浦畔科技园发展有限公司", "park", "pukou", "其他"),
    ("jinlingbank", "金陵科创银行股份有限公司", "bank", "jianye", "其他"),
    ("zijinbank", "紫麓商业银行股份有限公司南京分行", "bank", "xuanwu", "其他"),
    ("xiehui", "南京概念验证促进会", "association", "gulou", "其他"),
)  # fmt: skip

# Organisations that registered lately and wait for their district; the first in vain so far.
LATECOMERS = (
    ("qiheng", "南京启蘅医疗器械有限公司", "enterprise", "jiangning", "生物医药"),
    ("mulan", "南京牧岚智能农机有限公司", "enterprise", "luhe", "高端装备"),
    ("zhixing", "南京知杏生命科学研究院", "institute", "jbxq", "生物医药"),
)
# The working day on which they registered.
WAITING_SINCE = {"qiheng": -8, "mulan": -6, "zhixing": -1}

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉龚程邢滑裴陆荣翁荀羊甄家封储靳邴松井段富巫乌焦巴弓"
GIVEN = (
    "知远", "若谷", "清和", "思齐", "明哲", "怀瑾", "景行", "乐山", "云起", "书衡", "望舒", "疏桐",
    "子衿", "念慈", "安澜", "初阳", "慕白", "以宁", "言蹊", "嘉树", "维桢", "秉文", "允中", "静姝",
    "修远", "博闻", "见微", "守拙", "闻道", "砚秋", "漱玉", "岸汀", "钧陶", "𬭎", "璟瑶", "珺琪",
)  # fmt: skip

# One a line, where a form asks for a list of others.
PARTNERS = ("东吴材料大学", "南京钟麓成果转化有限公司")
LENDERS = ("金陵银行南京分行", "南京钟麓科技保险经纪有限公司")
TITLES = ("教授", "研究员", "正高级工程师", "副教授", "高级工程师", "主任医师", "首席科学家")
VENDORS = (
    "南京博仪分析仪器有限公司", "苏州衡准计量设备有限公司", "上海拓深科学仪器有限公司",
    "无锡锐测电子有限公司", "南京筑恒装饰工程有限公司", "杭州云图软件有限公司",
    "南京智园物业管理有限公司", "常州精砺机械有限公司", "合肥量微光学有限公司",
    "南京检立方检测技术有限公司", "深圳芯测半导体设备有限公司", "南京同理知识产权代理有限公司",
    "扬州洁净室工程有限公司", "上海维度试剂有限公司", "南京汇算信息技术有限公司",
    "北京理化材料测试中心有限公司",
)  # fmt: skip
GOODS = {
    "equipment": ("高分辨质谱仪", "扫描电子显微镜", "恒温恒湿试验箱", "流式细胞仪", "示波器", "三坐标测量机",
                  "晶圆探针台", "GPU 服务器", "冷冻干燥机", "激光干涉仪"),
    "lease": ("验证场地租金（上半年）", "验证场地租金（下半年）", "中试车间租金"),
    "fit_out": ("洁净间装修", "实验室通风改造", "配电增容改造", "防静电地面工程"),
    "personnel": ("专职人员薪酬", "技术经理人薪酬"),
    "materials_testing": ("试剂耗材", "第三方检测费", "加速老化测试", "样件加工费", "材料成分分析"),
    "software": ("仿真软件许可", "项目管理系统", "数据分析平台", "电子实验记录系统"),
    "ip": ("发明专利代理费", "专利导航分析", "软件著作权登记"),
    "other": ("专家咨询费", "培训费", "会议费"),
}  # fmt: skip
# What a project is about, by field of work.
TOPICS = {
    "生物医药": ("抗肿瘤小分子", "细胞治疗工艺", "体外诊断试剂", "可吸收植入材料", "核酸药物递送", "手术机器人"),
    "集成电路": ("车规功率芯片", "硅光收发芯片", "射频前端芯片", "先进封装", "存算一体芯片"),
    "人工智能": ("工业视觉检测", "医学影像辅助诊断", "大模型智能体", "具身智能控制"),
    "智能算力": ("异构算力调度", "液冷服务器", "智算集群互联"),
    "软件和信息服务": ("工业仿真软件", "数据要素流通", "可信执行环境", "研发管理软件"),
    "未来网络与通信": ("确定性网络", "卫星互联网终端", "太赫兹通信", "内生安全网络"),
    "新型电力": ("构网型储能", "柔性直流装备", "氢燃料电池", "虚拟电厂"),
    "新材料": ("碳化硅陶瓷", "高性能纤维", "可降解高分子", "固态电解质", "膜分离材料"),
    "高端装备": ("超快激光加工", "精密传动部件", "智能传感器", "增材制造装备"),
    "其他": ("科技成果转化服务", "科创金融服务", "知识产权运营"),
}  # fmt: skip
# Sentences of which long answers are made; {org}, {topic} and {label} are filled in.
SENTENCES = (
    "{org}围绕{topic}建立了由理事会、管理团队和专家委员会组成的工作机制，重大事项集体决策、全程留痕。",
    "已制定项目遴选、立项、实施、评估和退出等制度，明确各环节责任人、标准和办理时限。",
    "与省内外 12 家高校院所、9 家龙头企业签订合作协议，面向{topic}领域常年征集需求和成果。",
    "近两年完成{topic}方向验证和中试项目 18 项，形成样机 11 台（套），新增发明专利 23 件。",
    "建有专用场地和成套设备，满足小试放大、可靠性测试和用户验证需要，设备开放共享率超过 60%。",
    "资金来源包括自有资金、合作企业投入和社会资本，单独核算、专款专用，每年接受专项审计。",
    "未来三年将完善{topic}验证平台，新增服务企业 40 家以上，推动不少于 8 项成果在宁转化。",
    "通过技术服务、成果转让和股权收益实现收入，逐步做到收支平衡，保障长期运行。",
    "项目启动前开展知识产权、市场和合规尽职调查，由不少于两名专家背靠背出具意见。",
    "针对{label}，已明确阶段目标、进度安排和考核指标，由项目负责人按季度检查。",
)  # fmt: skip
