"""Books and appraisals through the API: what one reads in pages, what is not theirs does not exist."""

from __future__ import annotations

from typing import Any

from django.test import Client

from gezhi.engines.appraisals import rounds
from gezhi.engines.ledger import entries
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.interfaces.api import book_shapes
from tests import books_scene
from tests.books_scene import BOOK, LIST
from tests.interfaces.api.test_openapi import strict
from tests.world import World


class Api:
    """get("周敏", "/ledgers") as that colleague."""

    def __init__(self, world: World) -> None:
        self.world, self.tokens = world, dict[str, str]()

    def get(self, who: str, path: str, **query: Any) -> Any:
        if who not in self.tokens:
            self.tokens[who] = people.issue_token(people.directory().person(self.world.people[who])).secret
        return Client().get(f"/api/v1{path}", query, headers={"Authorization": f"Bearer {self.tokens[who]}"})

    def all(self, who: str, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every page, two lines at a time."""
        found, cursor = [], None
        for _page in range(20):
            answer = self.get(who, path, limit=2, **query, **({"cursor": cursor} if cursor else {})).json()
            assert len(answer["items"]) <= 2
            found += answer["items"]
            cursor = answer["next"]
            if cursor is None:
                return found
        raise AssertionError(path)


def test_balances_accounts_statements_and_lists_are_read_in_pages(db):
    world = World("xinxing-community")
    made, api = books_scene.points(world), Api(world)
    strict(book_shapes.LedgerPage, listed := api.get("赵兰", "/ledgers"))
    lake = world.places["lake"]
    assert [(b["ledger"], b["place_id"]) for b in listed.json()["items"]] == [(BOOK, str(lake))]
    strict(book_shapes.BalancesOut, balances := api.get("周敏", f"/ledgers/{BOOK}"))
    kinds = {k["kind"]: (k["accounts"], k["balance"]["amount"]) for k in balances.json()["kinds"]}
    assert kinds == {"resident": (1, 50), "pool": (1, -130), "shelf": (0, 0), "outside": (0, 0), "budget": (1, 80)}
    assert sum(balance for _n, balance in kinds.values()) == 0
    holder = {"resident": f"subject:{made.resident}"}
    for n in range(3):
        entries.enter(BOOK, "award", lake, n + 1, actor=world.actor("赵兰"), key=f"n{n}", holders=holder, reason="帮忙")
    strict(book_shapes.AccountPage, api.get("周敏", f"/ledgers/{BOOK}/accounts"))
    rows = api.all("周敏", f"/ledgers/{BOOK}/accounts")
    assert sorted(row["balance"]["amount"] for row in rows) == [-136, 56, 80]
    mine = api.get("赵兰", f"/ledgers/{BOOK}/accounts", kind="resident", place=str(lake)).json()["items"]
    assert [(row["id"], row["label"], row["balance"]["said"]) for row in mine] == [(str(made.account), "甲○", "56 分")]
    path = f"/accounts/{made.account}/entries"
    strict(book_shapes.EntryPage, api.get("赵兰", path))
    lines = api.all("赵兰", path)
    assert [(e["change"]["amount"], e["after"]["amount"]) for e in lines] == [
        (3, 56), (2, 53), (1, 51), (20, 50), (30, 30),
    ]  # fmt: skip
    assert lines[3]["about"] == f"payout:{made.payout}"
    strict(book_shapes.PayoutPage, lists := api.get("赵兰", f"/ledgers/{BOOK}/payouts"))
    assert [(p["list"], p["state"], p["total"]["amount"]) for p in lists.json()["items"]] == [(LIST, "paid", 20)]
    strict(book_shapes.PayoutLines, one := api.get("周敏", f"/payouts/{made.payout}/lines"))
    (line,) = one.json()["items"]
    assert (line["label"], line["pays"]["amount"], line["transfer"]) == ("甲○", 20, lines[3]["transfer"])
    doors = ["/ledgers", *(f"/ledgers/{BOOK}{end}" for end in ("", "/accounts", "/payouts")), path]
    for door in [*doors, f"/payouts/{made.payout}/lines"]:
        with count_queries() as asked:
            assert api.get("赵兰", door).status_code == 200
        assert asked.total <= 14, (door, asked.total, asked.statements)
    # Whose books these are not: nothing is there, whether it is or not.
    for door in [*doors[1:], f"/payouts/{made.payout}/lines", "/ledgers/nothing", "/accounts/7/entries"]:
        answer = api.get("马东", door)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ledger.none"), door
    for who in ("钱立", "秦英"):  # they read the same book at their own place
        assert api.get(who, path).status_code == api.get(who, f"/payouts/{made.payout}/lines").status_code == 404
        assert api.get(who, f"/ledgers/{BOOK}", place=str(lake)).status_code == 404
        assert api.get(who, f"/ledgers/{BOOK}/accounts").json()["items"] == []
    assert api.get("赵兰", f"/ledgers/{BOOK}", place=str(world.places["hill"])).status_code == 404
    for wrong in ({"limit": "0"}, {"limit": "201"}, {"cursor": "-1"}, {"cursor": "x"}, {"sort": "balance"}):
        assert api.get("赵兰", path, **wrong).status_code == 422, wrong
    assert api.get("赵兰", f"/ledgers/{BOOK}/accounts", kind="nothing").status_code == 422


def test_rounds_and_scores_are_read_by_place_and_explained(db):
    world = World("xinxing-community")
    row, api = books_scene.grids(world), Api(world)
    grid = world.places["lake1"]
    strict(book_shapes.RoundPage, listed := api.get("赵兰", "/appraisals"))
    assert [(r["id"], r["state"], r["subjects"]) for r in listed.json()["items"]] == [(str(row.pk), "published", 2)]
    path = f"/appraisals/{row.pk}/scores"
    strict(book_shapes.ScorePage, page := api.get("赵兰", path))
    assert [s["subject_id"] for s in page.json()["items"]] == [str(world.places[g]) for g in ("lake1", "lake2")]
    assert [s["subject_id"] for s in api.all("赵兰", path)] == [s["subject_id"] for s in page.json()["items"]]
    one = api.get("赵兰", path, limit=1).json()
    assert len(one["items"]) == 1 and api.get("赵兰", path, limit=1, cursor=one["next"]).json()["next"] is None
    strict(book_shapes.ExplainedOut, shown := api.get("秦英", f"{path}/{grid}"))
    body = shown.json()
    assert {line["item"]: line["points"] for line in body["lines"]}["word"] == "80"
    assert all(line["records"] for line in body["lines"] if line["item"] == "word")
    for door in ("/appraisals", path, f"{path}/{grid}"):
        with count_queries() as asked:
            assert api.get("赵兰", door).status_code == 200
        assert asked.total <= 14, (door, asked.total, asked.statements)
    for who in ("钱立", "马东"):
        assert api.get(who, "/appraisals").json() == {"items": [], "next": None}
        for door in (path, f"{path}/{grid}", "/appraisals/7/scores"):
            answer = api.get(who, door)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "appraisal.none"), (who, door)
    assert api.get("赵兰", f"{path}/7").json()["error"]["code"] == "appraisal.no_subject"

    opened = rounds.open_round("unit_grid", world.places["lake"], str(clock.today().year), actor=world.actor("赵兰"))
    answer = api.get("赵兰", f"/appraisals/{opened.pk}/scores").json()
    assert (answer["appraisal"]["state"], answer["items"], answer["next"]) == ("open", [], None)
