"""Synthetic matters as people would write them. Nobody in them exists.

A matter: what is written, the category's path in the catalogue, request type, three-way sorting, the unit that
handles it (an organisation code, "village" or "grid"), what was done about it.
"""

from __future__ import annotations

from typing import NamedTuple


class Matter(NamedTuple):
    text: str
    category: str
    kind: str
    sort: str
    unit: str
    result: str


CITY = "城乡建设/城市建设和市政管理"

MATTERS: tuple[Matter, ...] = (
    Matter(
        "{b}三楼楼道灯坏了一个星期，晚上下楼看不清，老人差点摔着。",
        f"{CITY}/小区管理",
        "help",
        "small",
        "grid",
        "换了灯泡和声控开关，四层楼的灯都试过，亮。",
    ),
    Matter(
        "{road}路口的雨水井盖缺了一角，孩子上学都从这儿过，很危险。",
        f"{CITY}/城市公共设施",
        "help",
        "big",
        "town_city_management",
        "先围了警示带，当天换上新的井盖，踩着不响。",
    ),
    Matter(
        "{road}的路灯有三盏不亮，晚上骑车看不见坑。",
        f"{CITY}/城市公共设施",
        "help",
        "big",
        "city_management",
        "检修了线路，三盏都换了灯头。",
    ),
    Matter(
        "小区西门垃圾堆了两天没清，味道很大，苍蝇多。",
        f"{CITY}/环境卫生",
        "complaint",
        "small",
        "village",
        "联系物业当天清走，地面冲洗过，改成一天清两次。",
    ),
    Matter(
        "{road}早餐店把桌子摆到人行道上，推轮椅过不去。",
        f"{CITY}/城管执法",
        "complaint",
        "big",
        "town_city_management",
        "和店主说好画线经营，桌子收到线内。",
    ),
    Matter(
        "楼上装修晚上十点还在电钻，孩子第二天要上学。",
        "环境保护/环境污染/噪音污染",
        "complaint",
        "small",
        "village",
        "上门说过，装修方答应晚八点后和中午不施工。",
    ),
    Matter(
        "村东头排水沟又堵了，一下雨就往院子里灌。",
        "农村农业/水利水电/引水调水",
        "help",
        "big",
        "town_water",
        "清了四十米淤泥，雨后去看过，水走得通。",
    ),
    Matter(
        "村里机井的电闸老跳，浇不上地。",
        "农村农业/水利水电/引水调水",
        "help",
        "big",
        "power",
        "换了漏保和一段老化的线，试了两小时没跳。",
    ),
    Matter(
        "我妈刚做完手术，想问低保和临时救助怎么申请。",
        "民政/社会救助/城镇低保",
        "consult",
        "private",
        "town_civil_affairs",
        "把要的材料写成一张单子送到家，代收后一次交齐。",
    ),
    Matter(
        "邻居家的空调外机滴水，正好滴在我家窗台上，说了几次没改。",
        "政法/仲裁与调解/其他",
        "help",
        "small",
        "village",
        "两家坐下来说开了，接了一根排水管。",
    ),
    Matter(
        "两家为院墙的滴水吵起来了，麻烦来个人评评理。",
        "政法/仲裁与调解/其他",
        "help",
        "small",
        "village",
        "按老宅基地的尺寸量过，两家都认，签了字。",
    ),
    Matter(
        "公交站牌往南那棵枯树朝着电线歪，风大就怕倒下来。",
        f"{CITY}/园林绿化",
        "help",
        "big",
        "city_management",
        "把枯树锯了，枝子当天运走。",
    ),
    Matter(
        "自来水这几天发黄，放半天才清。",
        f"{CITY}/自来水供应",
        "help",
        "big",
        "tap_water",
        "冲洗了管道末端，取了水样，化验合格。",
    ),
    Matter(
        "三楼以上水压低，晚上洗不了澡。",
        f"{CITY}/自来水供应",
        "help",
        "big",
        "tap_water",
        "换了泵房的一台泵，晚高峰去量过，压力够。",
    ),
    Matter(
        "暖气不热，屋里只有十五度，家里有月子里的孩子。",
        f"{CITY}/冬季采暖",
        "help",
        "big",
        "heating_gas",
        "放了气，清了过滤网，回去量是二十一度。",
    ),
    Matter(
        "健身器材的踏板断了，锈得厉害，孩子还在上面玩。",
        f"{CITY}/居民服务设施",
        "help",
        "small",
        "village",
        "断了的拆走了，换上新的踏板，其余紧了一遍。",
    ),
    Matter(
        "{b}门口有人把电动车推进楼道充电，插线板烫手。",
        "城乡建设/安全生产/安全隐患",
        "complaint",
        "small",
        "grid",
        "说通了车主，推到楼下充电棚，收了飞线。",
    ),
    Matter(
        "孩子转学到这边要找哪个部门，带什么材料？",
        "教育文体/教育行政管理/学历学位学籍管理",
        "consult",
        "private",
        "education",
        "把学区、时间和材料写给了家长，附了学校电话。",
    ),
    Matter(
        "工地夜里十二点还在打桩，震得睡不着。",
        "环境保护/环境污染/噪音污染",
        "complaint",
        "big",
        "environment",
        "到现场测了分贝，责令晚十点后停工。",
    ),
    Matter(
        "饭店油烟直排，开窗一股味。",
        "环境保护/环境污染/大气污染",
        "complaint",
        "big",
        "environment",
        "装了净化器，复测达标。",
    ),
    Matter(
        "工资拖了两个月，厂里总说下个月。",
        "劳动和社会保障/工资福利/工资发放",
        "complaint",
        "big",
        "human_resources",
        "约谈了厂方，当面把两个月工资结清。",
    ),
    Matter(
        "超市卖的面包过期三天还在架上。",
        "商贸旅游/市场监管/商品质量",
        "report",
        "big",
        "market",
        "下架封存，立了案，给消费者退了钱。",
    ),
    Matter(
        "村口的桥护栏断了一截，晚上骑车怕掉下去。",
        "交通运输/建设管理/设施维护",
        "help",
        "big",
        "transport",
        "先拉了警示带，三天里焊好刷了漆。",
    ),
    Matter(
        "养老金认证不会弄，孩子都在外地。",
        "劳动和社会保障/退休政策及待遇/退休金发放",
        "help",
        "small",
        "grid",
        "到家里帮着认证成功，教了怎么查。",
    ),
    Matter(
        "想给村里提个建议，广场的灯能不能晚关一小时，跳舞的人多。",
        f"{CITY}/居民服务设施",
        "advice",
        "small",
        "village",
        "和电工说好，夏秋晚关一小时。",
    ),
    Matter(
        "共享单车在小区门口堆成山，消防车进不来。",
        f"{CITY}/城管执法",
        "complaint",
        "big",
        "city_management",
        "清走了，门口画了禁停线。",
    ),
    Matter(
        "{road}下水道返味，一楼的窗子不敢开。",
        f"{CITY}/城市公共设施",
        "help",
        "big",
        "town_city_management",
        "清掏了化粪池，换了两个防臭井盖。",
    ),
    Matter(
        "村里谁能帮我代买降压药，腿脚不方便。",
        "民政/社会服务/其他",
        "help",
        "small",
        "grid",
        "药买好送到家，问了剩下多少，记了下次日子。",
    ),
    Matter(
        "收粮的压价，说好的价钱不认了。",
        "农村农业/农副产品流通/价格质量",
        "complaint",
        "small",
        "village",
        "把两边叫到一起，按原来说的价结了。",
    ),
    Matter(
        "承包地的界石被人挪了。",
        "农村农业/土地承包经营/土地承包",
        "help",
        "small",
        "village",
        "照着底册量过，界石放回原处，两家签了字。",
    ),
    Matter(
        "路边有人往耕地里倒渣土，晚上拉来的。",
        "国土资源/土地资源管理/耕地保护",
        "report",
        "big",
        "natural_resources",
        "渣土清走了，在路口装了限高杆。",
    ),
    Matter(
        "医保报销单子退回来了，说缺章，要跑几趟？",
        "劳动和社会保障/城镇居民社会保险/城镇居民医疗保险",
        "consult",
        "private",
        "medical_insurance",
        "代跑了一趟补齐，钱到了账。",
    ),
)

ROADS = ("迎秀路", "韩愈大街", "会昌路", "花封街", "西虢大街", "梧桐路", "缑村街", "河雍大街", "大定路", "黄河大道")
BUILDINGS = ("1 号楼", "2 号楼", "3 号楼", "5 号楼", "7 号楼", "12 号楼")

UNSOLVED = ("还是老样子，跟没修一样。", "好了两天又坏了。", "来看过，没动手。")
ADDED = ("今天又严重了些，麻烦快点。", "补充一下，是从东边数第二个。", "晚上八点以后家里有人。")
PARK_REASONS = (
    "要等汛期过了才能动工。",
    "列入了明年的管网改造，资金下个季度才到。",
    "产权在诉讼里，等判决生效。",
)
RETURN_GROUNDS = ("按职责分工，产权分界点以内由产权单位管。", "这一段是县道，不归我们养护。")
QUESTIONS = ("具体是哪一栋哪一单元？", "方便留个什么时候在家的时间吗？")
PROGRESS = ("到现场看过，明天带料来。", "已经约了施工队，后天上午到。", "和住户约好周末上门。")

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
GIVEN = "秀兰建国志强桂英海燕永红春梅国庆玉珍文静小军丽华新民爱玲卫东凤霞保平素芬红旗彩云长河淑贤铁柱慧敏振华巧玲金生美荣福来雪梅根生月娥天佑冬梅玉林小芳立新银环守义翠萍成功喜凤向阳香莲广才改花"


def name_of(number: int) -> str:
    """A made-up name, different for neighbouring numbers."""
    surname = SURNAMES[(number * 37) % len(SURNAMES)]
    first = (number * 53) % (len(GIVEN) // 2) * 2
    second = (number // 7 * 29) % (len(GIVEN) // 2) * 2
    return surname + (GIVEN[first : first + 2] if number % 3 else GIVEN[first] + GIVEN[second + 1])


def phone_of(number: int) -> str:
    """A made-up mobile number in a range that is not given out (1990000xxxx)."""
    return f"1990{number % 10_000_000:07d}"
