"""A mail server on this machine that speaks SMTP over real sockets, with STARTTLS, and can be made to misbehave."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Mailbox:
    """`letters`: what was taken, with (sender, receivers, over TLS). `answers`: what to say instead, by command, once each."""

    port: int = 0
    letters: list[tuple[str, list[str], bool, EmailMessage]] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    logins: list[str] = field(default_factory=list)
    calls: int = 0


@contextmanager
def mail_server(certificate: tuple[Path, Path] | None = None, *, straight: bool = False) -> Iterator[Mailbox]:
    """A server; with a certificate it offers STARTTLS, or speaks TLS from the start (`straight`)."""
    box, context = Mailbox(), None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)

    class Talk(socketserver.StreamRequestHandler):
        timeout = 10

        def handle(self) -> None:
            box.calls += 1
            self.tls = False
            try:
                if straight:
                    self.wrap()
                self.talk()
            except (OSError, ssl.SSLError):
                pass  # the other side hung up

        def wrap(self) -> None:
            assert context is not None
            self.request = context.wrap_socket(self.request, server_side=True)
            self.rfile, self.wfile, self.tls = self.request.makefile("rb"), self.request.makefile("wb", 0), True

        def say(self, *lines: str) -> None:
            self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

        def talk(self) -> None:
            self.say("220 mail.example ready")
            sender, receivers = "", list[str]()
            while line := self.rfile.readline().decode().rstrip("\r\n"):
                word = line.split(" ")[0].upper()
                if box.answers.get(word):
                    self.say(box.answers[word].pop(0))
                elif word == "EHLO":
                    offered = ["250-STARTTLS"] if context and not self.tls else []
                    self.say("250-mail.example", *offered, "250-AUTH PLAIN", "250 SMTPUTF8")
                elif word == "STARTTLS":
                    self.say("220 go on")
                    self.wrap()
                elif word == "AUTH":
                    box.logins.append(base64.b64decode(line.split(" ")[2]).decode().replace("\0", " ").strip())
                    self.say("235 welcome")
                elif word == "MAIL":
                    sender, receivers = line.partition(":")[2].split(">")[0].strip(" <"), []
                    self.say("250 ok")
                elif word == "RCPT":
                    receivers.append(line.partition(":")[2].split(">")[0].strip(" <"))
                    self.say("250 ok")
                elif word == "DATA":
                    self.say("354 go on")
                    body = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        body += part
                    if box.answers.get("."):
                        self.say(box.answers["."].pop(0))
                        continue
                    box.letters.append((sender, receivers, self.tls, message_from_bytes(body, policy=policy.default)))
                    self.say("250 taken")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    with Server(("127.0.0.1", 0), Talk) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine that signs itself: (certificate, key). Trusted by whoever is told to."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    day = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(day)
        .not_valid_after(day.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "mail.pem", folder / "mail.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
