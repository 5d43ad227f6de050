"""What a method says of itself on its page at the desk: a sentence or more for each step."""

from __future__ import annotations

import re
from html import unescape

from django.test import Client

from gezhi.foundation import people
from tests.world import World


def rules(world: World, name: str, by: str = "方晓") -> dict[str, str]:
    """step -> its rule in words, of the version in force, as somebody at a desk reads it."""
    client = Client()
    person = people.directory().person(world.people[by])
    session = client.session
    session["person"], session["person_epoch"] = person.id, person.session_epoch
    session.save()
    client.cookies["sessionid"] = session.session_key
    page = client.get(f"/desk/methods/{name}").content.decode()
    found = re.findall(r'<span class="rule-title">(.*?)</span>(.*?)</div>', page)
    return {unescape(title): unescape(text) for title, text in found}


def parts(said: dict[str, str]) -> dict[str, list[list[str]]]:
    """The sentences of each step, and what each lists, in an order of their own: PostgreSQL forgets in which order a file names actions."""
    return {step: sorted(sorted(one.split("、")) for one in re.split("。|：", text)) for step, text in said.items()}
