"""M008 博爱县 一乡一册 一人一档: a file is a fold of facts; a town's volume is exactly the union of its persons."""

from gezhi.engines.registers import files
from gezhi.foundation import events, packs, subjects
from gezhi.foundation.db import revisions
from gezhi.foundation.packs import installed
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago, person


@mechanism("M008", file="packs/boai-county/registers/training_file.yaml")
def test_a_file_is_derived_and_the_volume_is_the_union_of_its_persons(county):
    world = county("boai-county")
    actor = world.actor("周敏")
    lake, hill, ridge = person(world, 1), person(world, 2, place="lake2"), person(world, 3, by="周敏", place="lake1")
    for n, row in enumerate((lake, hill, ridge)):
        subjects.enter(
            "training_file", row.pk, {"topic": f"第{n}课", "result": "passed"}, actor=actor, since=ago(20 + n)
        )
    line = subjects.entries(actor, "training_file", {"subject": [lake.pk]}).rows[0]
    subjects.change(line.entry_id, {"result": "failed"}, actor=actor, on=ago(5))
    before = {row.pk: files.file_text(row.pk, actor) for row in (lake, hill, ridge)}
    assert "第0课" in before[lake.pk] and "合格 → 不合格" in before[lake.pk] and "柳一" not in before[lake.pk]
    # Again from the log, with nothing remembered: the same bytes; and every row is what its events say.
    installed._loaded = None
    revisions.forget()
    assert packs.registry().names("register")
    assert {id: files.file_text(id, actor) for id in before} == before
    assert events.verify().findings == []
    east = world.places["east"]
    assert files.members(actor, east, "training_file") == tuple(sorted(before))
    assert files.volume_text(actor, east, "training_file") == "\n".join(before[id] for id in sorted(before))
    villages = files.members(actor, world.places["lake"], "training_file")
    assert set(villages) <= set(files.members(actor, east, "training_file"))
