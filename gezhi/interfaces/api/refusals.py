"""What the API itself refuses, beside what the rooms refuse."""

from __future__ import annotations

import math

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import errors

MALFORMED = "request.malformed"  # registered by the site


class BadMethod(errors.Refusal):
    default_code = errors.register(
        "request.method",
        405,
        _("这个地址不支持 {method}。"),
        _("它只接受 {allowed}。"),
        _("请查看 /api/v1/openapi.json 里这个地址的用法。"),
    )


class MediaType(errors.Refusal):
    default_code = errors.register(
        "request.media_type",
        415,
        _("不认识这种内容类型：{given}。"),
        _("这里只接受 application/json 或 multipart/form-data。"),
        _("请改正 Content-Type 再发一次。"),
    )


class BodyTooLarge(errors.TooLarge):
    default_code = errors.register(
        "request.too_large",
        413,
        _("这次送来的内容超过了 {limit}，没有收下。"),
        _("正常的一件事用不了这么多。"),
        _("请缩短文字；照片请用 multipart/form-data 发送。"),
    )


class KeyMalformed(errors.Invalid):
    default_code = errors.register(
        "key.malformed",
        422,
        _("Idempotency-Key 不合规定。"),
        _("它只能由 1 到 200 个可见的 ASCII 字符组成。"),
        _("请为每件事生成一个新的 UUID 当作它，重发同一件事时用同一个。"),
    )


class PlaceUnknown(errors.Invalid):
    default_code = errors.register(
        "place.unknown_word",
        422,
        _("没有找到“{given}”这个地方。"),
        _("place 可以是地方编号、区划代码、门牌码或名称，这个都不是。"),
        _("请从 /api/v1/places 里选一个，或者不填 place，改填 lat 和 lon。"),
    )


class PlaceAmbiguous(errors.Invalid):
    default_code = errors.register(
        "place.ambiguous",
        422,
        _("叫“{given}”的地方有 {count} 个。"),
        _("同名的有：{names}。"),
        _("请改用编号或区划代码，见 /api/v1/places。"),
    )


class PlaceClosed(errors.Invalid):
    default_code = errors.register(
        "place.closed_now",
        422,
        _("“{given}”已经撤并，不再收件。"),
        _("它的事已归别的地方管。"),
        _("请从 /api/v1/places 里选现在的村（社区）。"),
    )


class PointHalf(errors.Invalid):
    default_code = errors.register(
        "place.half_point",
        422,
        _("位置只填了一半。"),
        _("lat 和 lon 要一起填，或者都不填。"),
        _("请补上另一个，或者都去掉。"),
    )


class CategoryUnknown(errors.Invalid):
    default_code = errors.register(
        "category.unknown",
        422,
        _("没有“{given}”这个类别。"),
        _("类别要用目录里的代码或名称。"),
        _("请从 /api/v1/categories 里选一个{nearest}。也可以不填，由受理的人来定。"),
    )


class CodeUnknown(errors.NotFound):
    default_code = errors.register(
        "case.code_unknown",
        404,
        _("没有查到这个编码对应的事。"),
        _("编码可能抄错了一位，或者这件事已经依法删除。"),
        _("请对照回执再输一次；编码不分大小写，不含 0、1、I、L、O。"),
    )


class ItemMalformed(errors.Invalid):
    default_code = errors.register(
        "request.fields",
        422,
        _("有几项内容不对。"),
        _("字段的名称或类型与说明不符。"),
        _("请按 fields 里的说明改好再发；说明见 /api/v1/openapi.json。"),
    )


def too_many(wait: float) -> errors.TooMany:
    """The polite 429 of the public doors; `wait` in seconds."""
    return errors.TooMany(retry_after=max(1, math.ceil(wait)))
