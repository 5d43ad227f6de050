"""Open cases go over to another version exactly when their record can be done again on it; else they stay, and it is said why."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gezhi.engines.workflows import actions, migrating, recounting, replaying
from gezhi.engines.workflows.methods import edits, reading, source
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import db, events, packs, people
from gezhi.foundation.calendar import deadline, parse_limit
from gezhi.foundation.errors import NotAllowed
from gezhi.foundation.jobs import claims
from tests.engines.workflows.definitions import LEAF, broken, definitions
from tests.engines.workflows.test_machine import undone
from tests.engines.workflows.test_proof_engine import Life
from tests.world import World

ADMIN = people.system("test")


@pytest.fixture
def world(db, at_ten):
    return World("yueshi-village", "taoyuan-community")


def publish(name, change=None):
    """The running version with a change, as the place's own; returns its number."""
    made = source.of_body(packs.registry().body("workflow", name))
    if change is not None:
        change(made)
    found = reading.check(made, name)
    assert found.sound, [f.words for f in found.faults]
    with db.write():
        return packs.publish("workflow", name, found.body, actor=ADMIN, how={}).version


def refusal(case, to):
    before = Case.objects.filter(pk=case.pk).values().get()
    (seen,) = migrating.preview(case.workflow, case.version, to)
    outcome = migrating.migrate(case.pk, to, actor=ADMIN)
    assert (seen.code, seen.words) == (outcome.code, outcome.words)
    if not outcome.moves:
        assert Case.objects.filter(pk=case.pk).values().get() == before, "a refusal changes nothing"
    return outcome


@pytest.fixture
def talked(world):
    """A dispute that came to the mediator: 看涉不涉法 → 调解员来谈."""
    world.seat("village_mediator", "lake", "调解员丁")
    case = world.open("邻居把共用的墙拆了。", workflow="law_mediation")
    return world.do(case, "tag", "赵兰", law=False, facts="墙归谁。")


def test_a_deadline_and_a_role_change_and_the_case_goes_on_under_the_new_ones(world, talked, at_ten):
    def changed(flow):
        flow["stages"]["talk"]["clock"] = {"limit": "2 work_day"}
        flow["stages"]["talk"]["owner"] = {"post": "village_secretary"}

    promised = talked.due_at
    to = publish("law_mediation", changed)
    assert refusal(talked, to).moves
    case, item = Case.objects.get(pk=talked.pk), world.main(talked)
    assert (case.version, case.body_hash, case.due_at) == (to, definition("law_mediation", to)[1], promised)
    assert (
        item.due_at == deadline(item.opened_at, parse_limit("2 work_day"))
        and case.owner_seat == world.seats["secretary"]
    )
    assert [e.kind for e in events.history(f"case:{case.pk}")].count("case.migrated") == 1
    assert recounting.recount(ADMIN) == 0, "its clocks are those it would have on the new version"
    assert world.do(case, "agree", "赵兰", terms="各修一半。").stage == "look_back"
    assert not events.verify().findings


def test_a_step_put_in_before_where_the_case_stands_is_named_as_the_reason(world, talked):
    def added(flow):
        flow["stages"]["seen"] = {
            "kind": "task", "phase": "owned", "title": "上门看", "owner": {"post": "grid_worker"},
            "clock": {"limit": "1 work_day"},
            "actions": {"done": {"title": "看过了", "by": ["owner"], "main": True, "to": "which"}},
        }  # fmt: skip
        flow["stages"]["sort"]["actions"]["tag"]["to"] = "seen"

    outcome = refusal(talked, publish("law_mediation", added))
    assert outcome.code == "migrate.elsewhere" and "上门看" in outcome.words and "调解员来谈" in outcome.words
    # A case that has not come there goes over, and meets the new step.
    fresh = world.open("另一件", workflow="law_mediation")
    assert fresh.version == packs.registry().get("workflow", "law_mediation").version
    assert world.do(fresh, "tag", "赵兰", law=False, facts="x").stage == "seen"


def drop_stage(flow):
    """Who talks is the secretary at a step of another name."""
    flow["stages"]["meet"] = flow["stages"].pop("talk")
    flow["stages"]["which"]["branches"][1]["to"] = "meet"
    flow["stages"]["look_back"]["owner"]["unlike"] = ["mediate", "meet"]


def rename_action(flow):
    flow["stages"]["sort"]["actions"] = {"sorted": flow["stages"]["sort"]["actions"]["tag"]}


def turn_gate(flow):
    flow["stages"]["which"]["branches"] = [{"when": "非 law", "to": "offer"}, {"else": True, "to": "talk"}]


def other_type(flow):
    flow["kept"]["law"] = "choice"
    field = next(f for f in flow["stages"]["sort"]["actions"]["tag"]["form"] if f["id"] == "law")
    field |= {"type": "choice", "choices": [{"value": "a", "title": "甲"}, {"value": "b", "title": "乙"}]}
    flow["stages"]["which"]["branches"][0]["when"] = "law = 'a'"


def ask_more(flow):
    flow["stages"]["sort"]["actions"]["tag"]["form"].append(
        {"id": "parties", "type": "number", "required": True, "title": "几方"}
    )


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (drop_stage, "migrate.elsewhere", "调解员来谈"),
        (rename_action, "migrate.action_gone", "定下来"),
        (turn_gate, "migrate.elsewhere", "请法律志愿者"),
        (other_type, "migrate.answer", "涉法"),
        (ask_more, "migrate.answer", "几方"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_refusal_says_which_step_and_why(world, talked, change, code, said):
    outcome = refusal(talked, publish("law_mediation", change))
    assert outcome.code == code and said in outcome.words and outcome.number == talked.number


def test_without_comparing_where_a_step_leads_a_case_would_stand_where_its_version_has_no_step(
    world, talked, monkeypatch
):
    """The twin: what the replay compares is what keeps a case off steps its version lacks."""
    to = publish("law_mediation", drop_stage)
    monkeypatch.setattr(replaying, "_again", lambda *_: None)
    monkeypatch.setattr(replaying, "_stands", lambda *_: None)
    with pytest.raises(KeyError, match="talk"):
        migrating.migrate(talked.pk, to, actor=ADMIN)


def test_what_was_erased_was_said_all_the_same(world, talked):
    from gezhi.engines.workflows import erasing

    erasing.erase_case(talked.pk, actor=ADMIN, ground="个人信息保护法第四十七条，申请 2026-12")
    assert refusal(Case.objects.get(pk=talked.pk), publish("law_mediation")).moves


def test_only_who_manages_packs_takes_cases_over_and_a_closed_one_stays(world, talked):
    to = publish("law_mediation")
    with pytest.raises(NotAllowed):
        migrating.migrate(talked.pk, to, actor=world.actor("赵兰"))
    world.do(talked, "agree", "调解员丁", terms="说定了。")
    world.do(talked, "solved")
    assert migrating.migrate(talked.pk, to, actor=ADMIN).code == "migrate.over"
    assert migrating.preview("law_mediation", talked.version, to) == []


def test_an_upgrade_of_the_pack_stands_beside_the_places_own_version(world, tmp_path):
    shipped = packs.registry().get("workflow", "repair").version
    own = publish("repair")
    body = packs.registry().body("workflow", "repair", shipped)
    assert own == packs.OWN_FROM and packs.registry().get("workflow", "repair").own == 1
    from tests.world import PACKS

    for name in ("standard-county", "yueshi-village"):
        (tmp_path / name).mkdir()
        for file in (PACKS / name).rglob("*"):
            there = tmp_path / name / file.relative_to(PACKS / name)
            there.mkdir(parents=True, exist_ok=True) if file.is_dir() else there.write_bytes(file.read_bytes())
    file = tmp_path / "yueshi-village" / "workflows" / "repair.yaml"
    file.write_text(
        file.read_text().replace(f"version: {shipped}", f"version: {shipped + 1}", 1).replace("当天维修", "当天修好", 1)
    )
    packs.install(tmp_path / "yueshi-village", actor=ADMIN)
    registry = packs.registry()
    assert [e.version for e in registry.versions("workflow", "repair")] == [shipped, shipped + 1, own]
    assert registry.get("workflow", "repair").version == own and registry.body("workflow", "repair", shipped) == body
    assert world.open("水管坏了", workflow="repair").version == own
    assert publish("repair") == own + 1 and not events.verify().findings


MANY = settings(
    max_examples=int(os.environ.get("GEZHI_LIVES", 8 if os.environ.get("GEZHI_TEST_DB") == "postgres" else 16)),
    deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def shaken(draw, flow):
    """The definition with a few changes as people make them in the editor, some of which matter to a case and some not."""
    made = flow
    for _n in range(draw(st.integers(0, 4))):
        tasks = [n for n, stage in made["stages"].items() if stage["kind"] == "task"]
        if len(tasks) < 2:
            break
        stage, after = draw(st.sampled_from([*tasks[:2] * 3, *tasks])), draw(st.sampled_from([*tasks[:2] * 3, *tasks]))
        what = draw(st.sampled_from(["deadline", "role", "add_step", "remove_step", "move_step"]))
        answers = {"stage": stage, "after": after, "title": "新的一步", "limit": "3 work_day", "post": "grid_worker"}
        try:
            made = edits.apply(made, what, answers)
        except edits.Refused:
            continue
    return draw(broken(made)) if draw(st.integers(0, 4)) == 0 else made


@st.composite
def pairs(draw):
    flow = draw(definitions(size=10))
    return flow, shaken(draw, flow)


def put(name, flow):
    """In force as a version of its own; None when it has a flaw."""
    found = reading.check(flow, name)
    if not found.sound:
        return None
    with db.write():
        return packs.publish("workflow", name, found.body, actor=ADMIN, how={}).version


def lived(world, at_ten, flow, seed, steps):
    """A case of this definition after some steps, at a fresh ten o'clock."""
    at_ten.move_to("2026-11-18T02:00:00+00:00")
    assert put("leaf", LEAF) and put("random", flow)
    life = Life(world, at_ten, seed)
    for _n in range(steps):
        if Case.objects.get(pk=life.case).state == OPEN:
            life.step()
    return life, Case.objects.get(pk=life.case)


def test_for_any_pair_of_versions_a_case_goes_over_or_stays_and_never_stands_where_its_version_has_no_step(
    world, at_ten
):
    fate = {"moved": 0, "stayed": 0}

    @given(pair=pairs(), seed=st.integers(0, 9999))
    @MANY
    def lives(pair, seed):
        with undone():
            life, case = lived(world, at_ten, pair[0], seed, 3 + seed % 5)
            to = put("random", pair[1])
            if case.state == CLOSED or to is None:
                return
            outcome = refusal(case, to)
            fate["moved" if outcome.moves else "stayed"] += 1
            claims.drain()
            case.refresh_from_db()
            flow, body_hash = definition("random", case.version)
            assert case.body_hash == body_hash and (case.version == to) == outcome.moves
            items = list(WorkItem.objects.filter(case_id=case.pk))
            assert {i.stage for i in items} <= set(flow.stages) and case.stage in flow.stages
            if outcome.moves:
                # An oracle of its own: everything the record says was done is drawn in the new version.
                for event in events.history(f"case:{case.pk}"):
                    act = event.patch.get("act", {})
                    if event.kind == f"case.{act.get('action')}":
                        assert act["action"] in flow.actions_at(act["stage"])
                assert recounting.recount(ADMIN) == 0
            for _n in range(12):
                if Case.objects.get(pk=life.case).state == OPEN:
                    life.step()
                    life.check()
            assert events.verify().findings == []

    lives()
    assert fate["moved"] and fate["stayed"], fate


def test_the_same_definition_again_takes_every_case_over(world, at_ten):
    """What cannot be told apart is never refused, whatever the case has been through."""

    @given(flow=definitions(size=12), seed=st.integers(0, 9999))
    @MANY
    def lives(flow, seed):
        with undone():
            _life, case = lived(world, at_ten, flow, seed, 3 + seed % 9)
            to = put("random", flow)
            if case.state == OPEN:
                outcome = migrating.migrate(case.pk, to, actor=ADMIN)
                assert outcome.moves, outcome

    lives()


def test_a_life_of_the_residents_loop_with_side_questions_and_rework_goes_over(world, at_ten):
    case = world.to_handle(world.open("路灯坏了"))
    world.do(case, "progress", "马东", progress="去看过了。")
    world.do(case, "finish", "马东", result="换了灯。")
    world.do(case, "fail", "秦英", finding="还不亮。")
    world.do(case, "extend", "马东", more="2 work_day", reason="等配件。")
    to = publish("request")
    case = Case.objects.get(pk=case.pk)
    assert refusal(case, to).moves
    item = WorkItem.objects.get(case_id=case.pk, state=OPEN, side=True)
    actions.fire(case.pk, "grant", item=item.number, expected_seq=None, actor=world.actor("周敏"), data={})
    assert not events.verify().findings
