"""The ways out: robots of DingTalk, WeCom and Feishu, an SMS gateway, e-mail. One function each, all with a time limit.

Each takes the gateway's settings and a message, returns nothing when the other side has taken it, and raises Failed
with a stable code otherwise: never with the other side's words, which may quote what was sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

import httpx

LIMIT = httpx.Timeout(8.0, connect=3.0)
SMTP_SECONDS = 10
MOST_READ = 64 * 1024
Settings = Mapping[str, Any]


class Failed(Exception):
    """`code`: why ("timeout", "refused", "http_500", "answer_310000"). `final`: trying again cannot help.
    `away`: the other side did not answer at all, so the next message need not try."""

    def __init__(self, code: str, *, final: bool = False, away: bool = False) -> None:
        super().__init__(code)
        self.code, self.final, self.away = code[:60], final, away


@dataclass(frozen=True)
class Message:
    """`to`: phone or e-mail address, empty for a group. `facts`: what fills a template of the SMS gateway.
    `id`: the same at every try, so that a gateway that knows it sends once."""

    id: str
    text: str
    subject: str = ""
    to: str = ""
    template: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


def dingtalk(settings: Settings, message: Message) -> None:
    """Signed in the address: HMAC-SHA256 of "milliseconds newline secret" under the secret."""
    url, secret = settings["url"], settings.get("secret")
    if secret:
        stamp = str(time.time_ns() // 1_000_000)
        sign = base64.b64encode(hmac.digest(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256)).decode()
        url += f"{'&' if '?' in url else '?'}timestamp={stamp}&sign={quote(sign, safe='')}"
    _accepted(_post(url, {"msgtype": "text", "text": {"content": message.text}}), "errcode")


def wecom(settings: Settings, message: Message) -> None:
    """Not signed: whoever knows the address may speak, so it is kept as a secret."""
    _accepted(_post(settings["url"], {"msgtype": "text", "text": {"content": message.text}}), "errcode")


def feishu(settings: Settings, message: Message) -> None:
    """Signed in the body: HMAC-SHA256 of nothing, under "seconds newline secret"."""
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": message.text}}
    if settings.get("secret"):
        stamp = str(int(time.time()))
        key = f"{stamp}\n{settings['secret']}".encode()
        body |= {"timestamp": stamp, "sign": base64.b64encode(hmac.digest(key, b"", hashlib.sha256)).decode()}
    _accepted(_post(settings["url"], body), "code")


def sms(settings: Settings, message: Message) -> None:
    """JSON {"id", "phone", "template", "params", "text"} with the secret as bearer; `id` repeats at every try.

    `templates` of the settings maps the names of our templates to the ids the carrier has approved.
    """
    templates = settings.get("templates") or {}
    code = templates.get(message.template) or templates.get("*", "")
    if not code:
        raise Failed("no_template", final=True)
    head = {"Authorization": f"Bearer {settings['secret']}"} if settings.get("secret") else {}
    body = {
        "id": message.id,
        "phone": message.to,
        "template": code,
        "params": dict(message.facts),
        "text": message.text,
    }
    _accepted(_post(settings["url"], body, head), "code")


def email(settings: Settings, message: Message) -> None:
    """SMTP: TLS from the start on port 465, STARTTLS elsewhere unless `security` is "none" (an inner relay).

    Never without TLS because the other side cannot: a letter waits then, and the page says why.
    """
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = message.subject, settings["from"], message.to
    letter["Message-ID"] = (
        f"<{uuid.uuid5(uuid.NAMESPACE_OID, message.id)}@{Address(addr_spec=settings['from']).domain}>"
    )
    letter.set_content(message.text)
    port = int(settings.get("port") or 465)
    tls = ssl.create_default_context()
    try:
        if port == 465:
            server: smtplib.SMTP = smtplib.SMTP_SSL(settings["host"], port, timeout=SMTP_SECONDS, context=tls)
        else:
            server = smtplib.SMTP(settings["host"], port, timeout=SMTP_SECONDS)
        with server:
            if port != 465 and settings.get("security") != "none":
                server.starttls(context=tls)
            if settings.get("user"):
                server.login(settings["user"], settings.get("secret") or "")
            server.send_message(letter)
    except smtplib.SMTPRecipientsRefused as fault:
        raise Failed("address_refused", final=True) from fault
    except smtplib.SMTPNotSupportedError as fault:
        raise Failed("tls_missing", away=True) from fault
    except ssl.SSLCertVerificationError as fault:
        raise Failed("tls_untrusted", away=True) from fault
    except ssl.SSLError as fault:
        raise Failed("tls_refused", away=True) from fault
    except smtplib.SMTPAuthenticationError as fault:
        raise Failed("login_refused", final=fault.smtp_code >= 500) from fault
    except smtplib.SMTPResponseException as fault:
        raise Failed(f"smtp_{fault.smtp_code}", final=fault.smtp_code >= 500) from fault
    except TimeoutError as fault:
        raise Failed("timeout", away=True) from fault
    except (OSError, smtplib.SMTPException) as fault:
        raise Failed("refused", away=True) from fault


SEND: dict[str, Callable[[Settings, Message], None]] = {
    "dingtalk": dingtalk, "wecom": wecom, "feishu": feishu, "sms": sms, "email": email,
}  # fmt: skip


def _post(url: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
    """The JSON that came back (None when it was none). Redirects are not followed: they could lead anywhere."""
    try:
        with (
            httpx.Client(timeout=LIMIT, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", url, json=body, headers=dict(headers or {})) as answer,
        ):
            if answer.status_code >= 300:
                again = answer.status_code >= 500 or answer.status_code in (408, 425, 429)
                raise Failed(f"http_{answer.status_code}", final=not again, away=answer.status_code >= 500)
            read = b""
            for chunk in answer.iter_bytes():
                read += chunk
                if len(read) > MOST_READ:
                    break
    except httpx.TimeoutException as fault:
        raise Failed("timeout", away=True) from fault
    except httpx.HTTPError as fault:
        raise Failed("refused", away=True) from fault
    except (httpx.InvalidURL, ValueError) as fault:
        raise Failed("bad_address", final=True) from fault
    try:
        return json.loads(read)
    except ValueError:
        return None


def _accepted(answer: Any, name: str) -> None:
    """Robots answer 200 even when they refuse; what counts is the number inside."""
    code = answer.get(name) if isinstance(answer, Mapping) else None
    if code not in (None, 0, "0", 200, "200", "OK", "ok", "success"):
        raise Failed(f"answer_{str(code)[:40]}")
