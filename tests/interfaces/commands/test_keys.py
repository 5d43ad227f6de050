from argparse import Namespace

import pytest

from gezhi.foundation import db, events
from gezhi.foundation.events.models import Private
from gezhi.foundation.people import crypto, keys
from gezhi.interfaces.commands import keys as command


@pytest.mark.django_db
def test_rotating_and_sealing_again_keeps_every_text_readable(settings, tmp_path, capsys):
    settings.GEZHI_KEYS = tmp_path / "keys"
    with db.write():
        old = events.keep("case:1", {"text": "三楼漏水", "title": "漏水"})
    command.run(Namespace(action="rotate"))
    with db.write():
        new = events.keep("case:2", {"text": "路灯不亮"})
    command.run(Namespace(action="reseal"))
    assert "2" in capsys.readouterr().out
    assert command.reseal() == 0
    assert not any(crypto.needs_reseal(row.blob) for row in Private.objects.all())
    refs = [old["text"].id, old["title"].id, new["text"].id]
    assert list(events.read_private(refs).values()) == ["三楼漏水", "漏水", "路灯不亮"]
    # The first key may now go: nothing in the database needs it any more.
    for path in settings.GEZHI_KEYS.glob("data-0001-*.key"):
        path.unlink()
    assert events.read_private([old["text"].id]) == {old["text"].id: "三楼漏水"}
    command.run(Namespace(action="list"))
    assert capsys.readouterr().out.split()[:2] == [
        f"{keys.data_keys(settings.GEZHI_KEYS)[0].number:04d}",
        keys.data_keys(settings.GEZHI_KEYS)[0].id.hex(),
    ]
