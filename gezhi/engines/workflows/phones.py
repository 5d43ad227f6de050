"""A phone is verified by six digits in a text message: whose voice it is stays a keyed hash.

The digits follow from our key, the phone and the moment they were asked for, so nothing that could be stolen is kept; they
hold for ten minutes and five tries, and a phone is sent five a day at most. docs/rules/panels.md
"""

from __future__ import annotations

import hmac
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows.panel_models import PhoneProof
from gezhi.foundation import db, jobs
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, TooMany, Unavailable, register
from gezhi.foundation.notices import channels
from gezhi.foundation.notices.models import Gateway
from gezhi.foundation.notices.sending import settings_of
from gezhi.foundation.people import crypto

HOLDS = timedelta(minutes=10)
TRIES = 5
A_DAY = 5
AAD = b"phone-proof"

register(
    "phone.unsent", 503, _("现在发不了短信。"), _("这里还没有接通短信。"),
    _("请到村（社区）服务台，工作人员替您写上；投票凭本户的码，不用短信。"),
)  # fmt: skip
register("phone.too_many", 429, _("今天要的验证码太多了。"), _("一个手机号一天最多 5 次。"), _("请明天再来。"))
register(
    "phone.wrong_code", 422, _("验证码不对。"), _("可能抄错了，或者过了十分钟。"), _("请再看一眼短信，或重新要一个。")
)


def ask(phone: str, *, without: bool = False) -> bytes:
    """Have a code sent to a mobile number; its keyed hash. `without`: even where no gateway would send it (a demo).

    Raises Invalid (no mobile), TooMany, Unavailable phone.unsent.
    """
    try:
        number = crypto.normalise_phone(phone)
    except ValueError:
        raise Invalid(field_errors={"phone": _("请填 11 位手机号。")}) from None
    if len(number) != 11 or not number.startswith("1"):
        raise Invalid(field_errors={"phone": _("请填 11 位手机号。")})
    if not (without or gateways()):
        raise Unavailable("phone.unsent")
    mine, now = crypto.blind("phone", number), clock.now()
    with db.write():
        proof = PhoneProof.objects.select_for_update().filter(pk=mine).first()
        today = proof is not None and clock.local(proof.made_at).date() == clock.today()
        asked = proof.asked + 1 if proof is not None and today else 1
        if asked > A_DAY:
            raise TooMany("phone.too_many", retry_after=3600)
        made = PhoneProof(mine, made_at=now, asked=asked, sealed=crypto.seal(number, AAD))
        made.save()
        jobs.enqueue("phone.code", f"{mine.hex()}:{now.isoformat()}", {"phone": mine.hex()})
    return mine


def confirm(phone: bytes, digits: str) -> bytes:
    """The phone's hash, when the digits are those that were sent. Raises Invalid phone.wrong_code, also for guesses."""
    wrong = Invalid("phone.wrong_code", field_errors={"digits": _("验证码不对，或者过了十分钟。")})
    with db.write():
        proof = PhoneProof.objects.select_for_update().filter(pk=phone).first()
        good = (
            proof is not None
            and proof.tries < TRIES
            and clock.now() <= proof.made_at + HOLDS
            and hmac.compare_digest(code_of(proof), "".join(c for c in digits if c.isascii() and c.isdigit()))
        )
        if proof is not None:
            proof.tries = TRIES if good else min(proof.tries + 1, TRIES)  # a code serves once
            proof.save(update_fields=["tries"])
    if not good:
        raise wrong
    return phone


def code_of(proof: PhoneProof) -> str:
    """The six digits of a proof."""
    value = crypto.blind("phone-code", f"{bytes(proof.phone_hash).hex()}:{proof.made_at.isoformat()}")
    return f"{int.from_bytes(value[:8], 'big') % 1_000_000:06d}"


def gateways() -> list[Gateway]:
    """The ways by which a text message may leave."""
    return list(Gateway.objects.filter(channel="sms", enabled=True).order_by("id"))


def send(phone_hex: str) -> None:
    """Send what was asked for, by the first gateway that takes it; the number is forgotten then. Outside any write."""
    proof = PhoneProof.objects.filter(pk=bytes.fromhex(phone_hex)).first()
    if proof is None or proof.sealed is None:
        return
    digits = code_of(proof)
    message = channels.Message(
        id=f"phone-{phone_hex}-{proof.made_at:%H%M%S}",
        text=str(_("验证码 {code}，十分钟内有效。只在您自己打开的页面上填，不要告诉别人。")).format(code=digits),
        to=crypto.open(bytes(proof.sealed), AAD),
        template="phone_code",
        facts={"code": digits},
    )
    for gateway in gateways():
        try:
            channels.SEND[gateway.channel](settings_of(gateway), message)
            break
        except channels.Failed:
            continue
    with db.write():
        PhoneProof.objects.filter(pk=proof.pk, made_at=proof.made_at).update(sealed=None)


def digits_for(phone: bytes) -> str:
    """The digits a demo without a gateway shows on the page itself; "" when none were asked for."""
    proof = PhoneProof.objects.filter(pk=phone).first()
    return code_of(proof) if proof is not None else ""
