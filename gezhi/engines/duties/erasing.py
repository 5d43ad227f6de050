"""What becomes of visits when whom they were about is lawfully erased: their notes and sealed findings go as well."""

from __future__ import annotations

from gezhi.engines.duties.models import Done
from gezhi.foundation import events, people

GROUND = "所属对象的个人信息依法抹除"


def follow(stream: str, names: tuple[str, ...]) -> None:
    """Hook of `events.on_erase`, inside the erasing transaction."""
    prefix, _colon, number = stream.partition(":")
    if prefix != "subject":
        return
    from gezhi.engines.duties.schema import rules

    over = [rule.name for rule in rules() if rule.over[0] == "register"]
    rows = Done.objects.filter(subject_id=int(number), rule__in=over, private_ref__isnull=False)
    for id in list(rows.values_list("id", flat=True)):
        if events.Private.objects.filter(stream=f"duty:{id}").exists():
            events.erase(f"duty:{id}", None, actor=people.system("erasure"), ground=GROUND)
