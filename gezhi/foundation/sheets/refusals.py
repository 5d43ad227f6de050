"""What can be wrong with a workbook as a whole, and with a step of an import. Cells have words of their own (`cells`)."""

from __future__ import annotations

from django.core.exceptions import SuspiciousOperation
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import errors


class TooLargeSheet(errors.TooLarge, SuspiciousOperation):
    """Also raised while Django is still reading the request, hence the second base."""

    default_code = errors.register(
        "sheet.too_large",
        413,
        _("这个表格文件超过了 {limit}，没有收下。"),
        _("太大的文件打开会占满服务器的内存，别人就用不了了。"),
        _("请按月份或镇街拆成几份再传；表里的图片请先删掉。"),
    )


class OldExcel(errors.Invalid):
    default_code = errors.register(
        "sheet.xls",
        422,
        _("这是旧版 Excel（.xls）文件，没有收下。"),
        _("旧格式里可能带宏，也读不准中文和日期。"),
        _("请用 Excel 或 WPS 打开，点“另存为”，选“Excel 工作簿（.xlsx）”，再传一次。"),
    )


class Locked(errors.Invalid):
    default_code = errors.register(
        "sheet.locked",
        422,
        _("这个表格加了打开密码，没有收下。"),
        _("没有密码读不了里面的内容，系统也不会替人保管密码。"),
        _("请打开后去掉密码另存一份，再传一次。"),
    )


class Macros(errors.Invalid):
    default_code = errors.register(
        "sheet.macros",
        422,
        _("这个表格里带宏，没有收下。"),
        _("宏是能自己运行的程序，可能带病毒。"),
        _("请用 Excel 或 WPS 打开，另存为不带宏的“Excel 工作簿（.xlsx）”，再传一次。"),
    )


class Bomb(errors.Invalid):
    default_code = errors.register(
        "sheet.bomb",
        422,
        _("这个文件展开后有 {size}，不像正常的表格，没有收下。"),
        _("几兆的文件展开成几百兆，打开会占满服务器的内存。"),
        _("请新建一个空白工作簿，只把要导入的内容粘贴过去（选“只粘贴数值”），再传一次。"),
    )


class Unusual(errors.Invalid):
    default_code = errors.register(
        "sheet.unusual",
        422,
        _("这个文件里面的样子不像正常的表格，没有收下。"),
        _("里面藏着会自己变大的内容，或者拆成了上千个小块，打开会占满服务器的内存。"),
        _("请新建一个空白工作簿，只把要导入的内容粘贴过去（选“只粘贴数值”），再传一次。"),
    )


class Gap(errors.Invalid):
    default_code = errors.register(
        "sheet.gap",
        422,
        _("表中间连着空了 {blanks} 多行，下面第 {row} 行又有内容，没有读。"),
        _("不知道下面的是不是这张表里的，漏读一行就是漏了一件事。"),
        _("请把中间的空行删掉；下面的不要了，就把它删掉。再传一次。"),
    )


class NotASheet(errors.Invalid):
    default_code = errors.register(
        "sheet.not_a_sheet",
        422,
        _("这个文件不是表格，没有收下。"),
        _("系统按内容辨认文件，不看名字；能收的是 .xlsx 和 .csv。"),
        _("请用 Excel 或 WPS 另存为 .xlsx 再传；网页导出的“假 Excel”也要先这样存一遍。"),
    )


class Broken(errors.Invalid):
    default_code = errors.register(
        "sheet.broken",
        422,
        _("这个表格坏了，打不开。"),
        _("文件不完整，或者存的时候出了错。"),
        _("请在自己电脑上打开看看，另存一份再传。"),
    )


class Encoding(errors.Invalid):
    default_code = errors.register(
        "sheet.encoding",
        422,
        _("认不出这个文本表格（.csv）的编码，读出来是乱码。"),
        _("系统能认 UTF-8、UTF-16 和国标 GB18030（GBK），第 {line} 行附近不是其中任何一种。"),
        _("请用 Excel 或 WPS 打开确认文字正常，另存为 .xlsx 再传。"),
    )


class NoHeader(errors.Invalid):
    default_code = errors.register(
        "sheet.no_header",
        422,
        _("没找到表头。"),
        _("前 {rows} 行里没有一行像“{words}”这样的栏名。"),
        _("请核对选的来源对不对；表头要写在数据上面，栏名用来文里的叫法。"),
    )


class Empty(errors.Invalid):
    default_code = errors.register(
        "sheet.empty",
        422,
        _("表里没有数据。"),
        _("表头下面没有一行有内容。"),
        _("请核对是不是选错了文件，或数据在别的工作表里；要导入的放在第一张工作表。"),
    )


class TooManyRows(errors.Invalid):
    default_code = errors.register(
        "sheet.too_many_rows",
        422,
        _("表里超过 {max} 行，没有读完。"),
        _("一次太多，出了错也不好查。"),
        _("请按月份或镇街拆成几份再传。"),
    )


class NoLayout(errors.NotFound):
    default_code = errors.register(
        "sheet.no_layout",
        404,
        _("没有“{name}”这种来文格式。"),
        _("装着的工作包里没有它的栏目说明。"),
        _("可用的有：{known}。要加新的，请在工作包的 sheets 文件夹里写一份。"),
    )


class NoRun(errors.NotFound):
    default_code = errors.register(
        "sheet.no_run", 404, _("没有这次导入。"), _("编号不对，或者不在您能看到的范围。"), _("请从导入页的列表里打开。")
    )


class WrongStep(errors.Conflict):
    default_code = errors.register(
        "sheet.wrong_step",
        409,
        _("这一步现在做不了。"),
        _("这次导入现在是“{state}”，可能刚有人点过。"),
        _("请刷新看一眼现在的情况。"),
    )


class Missing(errors.Invalid):
    default_code = errors.register(
        "sheet.columns",
        422,
        _("栏目还没对上，不能往下走。"),
        _("必须有的栏目没有指定，或者两列指到了同一个栏目：{fields}。"),
        _("请在列表里把它们各指给一列。"),
    )


class NothingGood(errors.Invalid):
    default_code = errors.register(
        "sheet.nothing_good",
        422,
        _("没有可以导入的行。"),
        _("每一行不是有错，就是以前已经导入过。"),
        _("请下载带原因的表，改好再传。"),
    )


class Touched(errors.Conflict):
    default_code = errors.register(
        "sheet.touched",
        409,
        _("不能整批撤回：已经有 {count} 件有人办了。"),
        _("撤回会让别人做过的事落空，例如 {examples}。"),
        _("请到这些事项里一件一件处理；没人办过的也请按件处理。"),
    )


class NoFile(errors.NotFound):
    default_code = errors.register(
        "sheet.no_file",
        404,
        _("这份文件已经不在了。"),
        _("为了少留个人信息，表格文件只存 {days} 天；也可能正在生成。"),
        _("请稍后再试，或重新导出一次。"),
    )
