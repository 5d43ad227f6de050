"""What can be wrong with a photo, each with its own words.

The two TooLarge refusals may be raised while Django is still reading the request, in middleware, where only
its own SuspiciousOperation reaches the 4xx handlers; hence the second base.
"""

from __future__ import annotations

from django.core.exceptions import SuspiciousOperation
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import errors


class TooLargePhoto(errors.TooLarge, SuspiciousOperation):
    default_code = errors.register(
        "file.too_large",
        413,
        _("这张照片超过了 {limit}，没有收下。"),
        _("太大的照片在信号不好的地方传不完，也看不出更多东西。"),
        _("请用手机相册“编辑”或截屏得到小一些的照片再传；文字已经写好的不会丢。"),
    )


class TooLargeRequest(errors.TooLarge, SuspiciousOperation):
    default_code = errors.register(
        "file.request_too_large",
        413,
        _("这次送来的照片一共超过了 {limit}，没有收下。"),
        _("照片太多或太大，在信号不好的地方传不完。"),
        _("请少放几张照片，或先缩小再传；文字已经写好的不会丢。"),
    )


class TooManyPhotos(errors.Invalid):
    default_code = errors.register(
        "file.too_many",
        422,
        _("一次最多放 {limit} 张照片，这次有 {count} 张。"),
        _("几张清楚的照片就够办理的人看明白。"),
        _("请留下最能说明情况的几张；其余的以后可以用“补充一句”再放。"),
    )


class FakeType(errors.Invalid):
    default_code = errors.register(
        "file.not_a_photo",
        422,
        _("这个文件不是照片，没有收下。"),
        _("系统按文件内容辨认照片，不看名字；这个文件的内容不是 JPEG、PNG 或 WebP。"),
        _("请选一张照片再传。"),
    )


class NeitherPhotoNorPaper(errors.Invalid):
    default_code = errors.register(
        "file.not_a_paper",
        422,
        _("这个文件既不是照片也不是 PDF，没有收下。"),
        _("系统按文件内容辨认，不看名字；这个文件的内容不是 JPEG、PNG、WebP 或 PDF。"),
        _("请选照片或 PDF 再传；别的格式请先“打印成 PDF”。"),
    )


class Heic(errors.Invalid):
    default_code = errors.register(
        "file.heic",
        422,
        _("这张照片是 HEIC 格式，暂时打不开。"),
        _("苹果手机的“高效”格式不是每台电脑都能看。"),
        _("请在 设置—相机—格式 里选“兼容性最佳”再拍，或把照片截屏后再传。"),
    )


class Gif(errors.Invalid):
    default_code = errors.register(
        "file.gif",
        422,
        _("动图不能当照片用，没有收下。"),
        _("GIF 会动，办理的人看不清是哪一刻。"),
        _("请截屏或另拍一张照片再传。"),
    )


class Broken(errors.Invalid):
    default_code = errors.register(
        "file.broken",
        422,
        _("这张照片坏了，打不开。"),
        _("文件不完整，可能传到一半断了。"),
        _("请重新选一次这张照片；还不行就截屏后再传。"),
    )


class TooManyPixels(errors.Invalid):
    default_code = errors.register(
        "file.too_many_pixels",
        422,
        _("这张图片的像素太多，没有收下。"),
        _("打开它会占满服务器的内存，别人就用不了了。"),
        _("请缩小或截屏后再传。"),
    )


class NoSuchFile(errors.NotFound):
    default_code = errors.register(
        "file.unknown",
        404,
        _("没有这张照片。"),
        _("它可能已经依法删除，或者网址不完整。"),
        _("请回到事项页再点一次照片。"),
    )


class BrokenPaper(errors.Invalid):
    default_code = errors.register(
        "file.paper_broken",
        422,
        _("这个 PDF 坏了，没有收下。"),
        _("文件不完整，可能传到一半断了，或者不是真正的 PDF。"),
        _("请重新导出或另扫一份再传。"),
    )


class SealedPaper(errors.Invalid):
    default_code = errors.register(
        "file.paper_sealed",
        422,
        _("这个 PDF 加了密，或者看不到里面，没有收下。"),
        _("看不到里面，就没法确认它是安全的。"),
        _("请去掉密码另存一份，或者打印出来拍照再传。"),
    )


class ActivePaper(errors.Invalid):
    default_code = errors.register(
        "file.paper_active",
        422,
        _("这个 PDF 里有会自己运行的内容或夹带的文件，没有收下。"),
        _("这样的文件打开时可能害到别人的电脑。"),
        _("请用“打印成 PDF”另存一份，或者打印出来拍照再传。"),
    )
