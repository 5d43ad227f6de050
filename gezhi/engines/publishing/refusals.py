"""What this room refuses, in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import register

register(
    "document.not_found",
    404,
    _("没有这份公文。"),
    _("编号不对，或者不在您能看到的范围。"),
    _("请核对编号，或从案件页打开。"),
)
register(
    "document.not_draftable",
    403,
    _("您现在不能起草这份公文。"),
    _("这类公文由有相应权限的席位起草，或现在的情形用不上它。"),
    _("请找有权限的席位起草。"),
)
register(
    "document.not_signer",
    403,
    _("这份公文不由您签发。"),
    _("签发要由制发单位里有权限的席位来做。"),
    _("请把草稿交给能签发的人。"),
)
register(
    "document.own_draft",
    403,
    _("自己起草的公文不能自己签发。"),
    _("这类公文要求起草和签发是两个人。"),
    _("请由另一位有签发权限的人签发。"),
)
register(
    "document.stale",
    409,
    _("这份公文刚刚变了。"),
    _("在您打开之后，有人改过或签发了它。"),
    _("您改的字还在，请看一眼最新的再办。"),
)
register(
    "document.frozen",
    409,
    _("这份公文不能再改。"),
    _("签发或作废以后，一个字也不能动。"),
    _("需要改的话，请起草一份更正，写明原文号。"),
)
register(
    "document.not_issued",
    409,
    _("这份公文还没有签发。"),
    _("草稿只能在屏幕上看和打印校样。"),
    _("请先签发。"),
)
register(
    "document.corrected",
    409,
    _("这份公文已经更正过。"),
    _("每份公文只由一份更正接替，更正的更正接在后面。"),
    _("请打开那份更正。"),
)
register(
    "document.erased",
    404,
    _("这份公文的内容已依法删除。"),
    _("编号、时间和签发人还在，内容随案件一并抹除了。"),
    _("没有别的办法再看到它。"),
)
register(
    "document.no_pdf",
    503,
    _("这台服务器现在出不了 PDF。"),
    _("缺少排版用的系统库（pango 和中文字体），或正在排版。"),
    _("请用“打印”另存为 PDF，或下载 Word；过几秒也可以再试。"),
)
register(
    "document.words",
    422,
    _("公文里有几处要改一下。"),
    _("填写的内容没有通过检查。"),
    _("改好标出的地方再存一次，已填的内容还在。"),
)
register(
    "bulletin.not_found",
    404,
    _("没有这份通报。"),
    _("这一期还没有封存，或者不在您能看到的范围。"),
    _("请从通报清单里打开。"),
)
register(
    "bulletin.running",
    409,
    _("这一期还没过完，不能封存。"),
    _("封存的是一期的定数，{until} 才到期。"),
    _("请等这一期过完再封存，现在可以先看实时的。"),
)
register(
    "bulletin.not_yours",
    403,
    _("这份通报不由您封存或公开。"),
    _("封存和公开要由这个地方有督办权限的席位来做。"),
    _("请找当地的值守或负责人。"),
)
register(
    "bulletin.too_few",
    409,
    _("这个网格这一期不出通报。"),
    _("收到的不足 {least} 件，单列出来会看得出是谁家的事。"),
    _("请看村（社区）的通报。"),
)
register(
    "bulletin.wrong_level",
    404,
    _("这里没有这样的通报。"),
    _("这个模板不用于这一级地方或这样的周期。"),
    _("请从通报清单里打开。"),
)
register(
    "bulletin.broken",
    409,
    _("这份通报和封存时不一样了，不能打开。"),
    _("保存的内容和封存时记下的指纹对不上。"),
    _("请告诉审计员，并用 gezhi verify 核对。"),
)
