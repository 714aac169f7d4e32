"""Ready-made texts and macros: found, filled, kept, and run as one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Update, update

from hub import filling
from hub.db import db, now
from hub.desk.gaps import SAMPLES
from hub.models import AuditEntry, CannedReply, CannedUse, Contact, Conversation, Message
from tests.stage import Person, Stage, WeChat

FILED = ["file:order", "file:refund", "file:thanks"]


@pytest.fixture
def anna(stage: Stage, wechat: WeChat) -> Person:
    """With a conversation that she has."""
    anna = stage.agent()
    stage.push("转人工")
    stage.work()
    anna.post("/conversations/1/claim")
    return anna


def changed(stage: Stage, change: Update) -> None:
    with stage.inside():
        db.session.execute(change)


def called(stage: Stage, name: str) -> None:
    changed(stage, update(Contact).values(name=name))


def found(person: Person, words: str = "") -> list[str]:
    return [each["id"] for each in person.get("/conversations/1/canned", q=words)["items"]]


def kept_by(person: Person) -> list[str]:
    return [each["id"] for each in person.get("/canned")["items"]]


def said(stage: Stage) -> list[tuple[str, str]]:
    return [(row.direction, row.text) for row in stage.rows(Message) if row.author_kind == "agent"]


def own(**fields: Any) -> dict[str, Any]:
    return {"title": "安抚", "text": "{customer.name}，别着急", **fields}


def test_it_comes_filled(stage: Stage, anna: Person) -> None:
    called(stage, "王小明")
    [refund] = anna.get("/conversations/1/canned", q="tk")["items"]
    assert (refund["id"], refund["title"], refund["title_en"]) == ("file:refund", "退款时效", "Refund time")
    assert (refund["text"], refund["gaps"]) == ("王小明，您好，三天内到账。", [])
    assert (refund["file"], refund["line"], refund["editable"]) == ("config/canned/desk.toml", 1, False)
    stage.push("where is my refund?", at=9)
    stage.work()
    [refund] = anna.get("/conversations/1/canned", q="tk")["items"]
    assert refund["text"] == "Hello 王小明, within three days."


def test_what_is_not_known_is_a_gap_until_it_is_told(stage: Stage, anna: Person) -> None:
    [order] = anna.get("/conversations/1/canned", q="ddjd")["items"]
    assert (order["text"], order["gaps"]) == ("订单 {context.order} 已发出，Anna。", ["context.order"])
    changed(stage, update(Conversation).values(context={"order": "XC1"}))
    [order] = anna.get("/conversations/1/canned", q="ddjd")["items"]
    assert (order["text"], order["gaps"]) == ("订单 XC1 已发出，Anna。", [])


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("退款", ["file:refund"]),
        ("time", ["file:refund"]),
        ("dz", ["file:refund"]),
        ("已发出", ["file:order"]),
        ("zz", []),
    ],
)
def test_it_is_found_by_title_keyword_and_text(anna: Person, words: str, ids: list[str]) -> None:
    assert found(anna, words) == ids


def test_teams_have_theirs(stage: Stage, anna: Person) -> None:
    boss = stage.agent("Boss", role="supervisor")
    assert sorted(found(anna)) == FILED
    assert sorted(found(boss)) == [*FILED[:2], "file:returns", "file:thanks"]


def test_the_most_used_comes_first_and_fades(stage: Stage, anna: Person) -> None:
    for number in range(2):
        anna.post("/conversations/1/messages", {"text": f"{number}", "canned": ["file:thanks", "file:unheard"]}, 201)
    anna.post("/conversations/1/messages", {"text": "3", "canned": ["file:refund", "file:refund"]}, 201)
    assert found(anna)[:2] == ["file:thanks", "file:refund"]
    assert {row.which: round(row.score, 3) for row in stage.rows(CannedUse)} == {"file:thanks": 2, "file:refund": 1}
    changed(stage, update(CannedUse).where(CannedUse.which == "file:thanks").values(at=now() - timedelta(days=60)))
    assert found(anna)[:2] == ["file:refund", "file:thanks"]


def test_nobody_is_sent_a_gap(stage: Stage, anna: Person) -> None:
    text = "订单 {context.order} 已发出"
    refused = anna.post("/conversations/1/messages", {"text": text, "canned": ["file:order"]}, 422)
    assert (refused["code"], refused["gap"]) == ("gap_left", "context.order")
    assert (said(stage), stage.rows(CannedUse)) == ([], [])
    anna.post("/conversations/1/messages", {"text": text}, 201)  # who writes braces by hand means them


def test_agents_keep_their_own(stage: Stage, anna: Person) -> None:
    kept = anna.post("/canned", own(keywords=["急"]), 201)
    assert (kept["team"], kept["editable"], kept["updated_by"]["name"]) == (None, True, "Anna")
    assert found(anna, "af") == [kept["id"]]
    assert anna.put(f"/canned/{kept['id']}", own(title="安慰"))["title"] == "安慰"
    bo = stage.agent("Bo")
    assert kept["id"] not in kept_by(bo)
    assert bo.put(f"/canned/{kept['id']}", own(), 404)["code"] == "not_found"
    anna.post("/conversations/1/messages", {"text": "好", "canned": [kept["id"]]}, 201)
    assert anna.client.delete(f"/api/v1/canned/{kept['id']}").status_code == 204
    assert (stage.rows(CannedReply), stage.rows(CannedUse)) == ([], [])
    assert [row.action for row in stage.rows(AuditEntry) if "canned" in row.action] == [
        "keep_canned",
        "change_canned",
        "remove_canned",
    ]


def test_supervisors_keep_what_is_shared(stage: Stage, anna: Person) -> None:
    boss = stage.agent("Boss", role="supervisor")
    bo = stage.agent("Bo")
    assert anna.post("/canned", own(team="sales"), 403)["code"] == "wrong_role"
    kept = boss.post("/canned", own(team="sales"), 201)
    assert (kept["id"] in found(anna), kept["id"] in kept_by(bo)) == (True, False)
    [seen] = anna.get("/canned", q="af")["items"]
    assert (seen["team"], seen["editable"]) == ("sales", False)
    assert anna.put(f"/canned/{kept['id']}", own(), 403)["code"] == "wrong_role"
    assert boss.put(f"/canned/{kept['id']}", own(team="everyone"))["team"] == "everyone"
    assert kept["id"] in kept_by(bo)
    assert boss.post("/canned", own(team="night"), 422)["errors"] == [
        {"field": "team", "reason": "there is no team 'night'"}
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"text": ""},
        {"text": "x", "actions": [{"resolve": True}]},
        {"text": "{customer.nmae}"},
        {"text": "", "actions": [{"fax": "1"}]},
        {"text": "", "actions": [{"reply": "{agent.age}"}]},
        {"title": " "},
        {"file": "canned/desk.toml"},
    ],
)
def test_what_cannot_be_kept(anna: Person, fields: dict[str, Any]) -> None:
    assert anna.post("/canned", own(**fields), 422)["code"] == "invalid"


def test_a_preview_is_made_of_samples(anna: Person) -> None:
    assert anna.post("/canned/preview", {"text": "{customer.name} {customer.nmae}"}) == {
        "text": "王小明 {customer.nmae}",
        "gaps": ["customer.nmae"],
    }
    assert {each["name"] for each in anna.get("/canned/variables")["items"]} == SAMPLES.keys()


def test_every_variable_has_a_value(stage: Stage, anna: Person) -> None:
    with stage.inside():
        conversation = db.session.get(Conversation, 1)
        assert conversation
        conversation.context = {"order": {"number": 7}, "vip": True}
        values = filling.values(conversation, conversation.assignee)  # type: ignore[arg-type]
    assert values.keys() == {*SAMPLES, "context.order.number"}
    assert (values["context.order.number"], values["conversation.id"], values["agent.name"]) == ("7", "1", "Anna")


# macros


def test_a_macro_does_all_of_it(stage: Stage, wechat: WeChat, anna: Person) -> None:
    called(stage, "王小明")
    done = anna.post("/conversations/1/macros", {"macro": "file:thanks"}, Idempotency_Key="k")
    assert done["status"] == "resolved"
    assert said(stage) == [("out", "感谢咨询！"), ("note", "王小明 满意")]
    stage.work()
    assert wechat.texts[-1] == "感谢咨询！"
    lines = [row.payload["event"] for row in stage.rows(Message) if row.kind == "event"]
    assert lines[-2:] == ["macro", "resolved"]
    again = anna.post("/conversations/1/macros", {"macro": "file:thanks"}, Idempotency_Key="k")
    assert (again["status"], len(said(stage))) == ("resolved", 2)
    assert [row.which for row in stage.rows(CannedUse)] == ["file:thanks"]


def test_what_one_action_refuses_undoes_all(stage: Stage, wechat: WeChat, anna: Person) -> None:
    before = len(stage.rows(Message))
    refused = anna.post("/conversations/1/macros", {"macro": "file:thanks"}, 422)
    facts = {name: refused[name] for name in ("code", "step", "action", "reason", "gap")}
    assert facts == {
        "code": "macro_refused",
        "step": "2",
        "action": "note",
        "reason": "gap_left",
        "gap": "customer.name",
    }
    stage.work()
    assert len(stage.rows(Message)) == before
    assert "感谢咨询！" not in wechat.texts
    assert (anna.get("/conversations/1")["status"], stage.rows(CannedUse)) == ("open", [])


ACTIONS = {
    "to me": ([{"assign": "me"}], ("open", "anna@example.com", "sales")),
    "to a colleague": ([{"assign": "bo@example.com"}], ("open", "bo@example.com", "sales")),
    "to nobody": ([{"assign": "nobody"}], ("waiting", None, "sales")),
    "to a team": ([{"note": "看看"}, {"team": "returns"}], ("waiting", None, "returns")),
    "for later": ([{"snooze": "2h"}], ("snoozed", "anna@example.com", "sales")),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_actions(stage: Stage, anna: Person, name: str) -> None:
    stage.agent("Bo")
    actions, (status, assignee, team) = ACTIONS[name]
    kept = anna.post("/canned", {"title": "宏", "actions": actions}, 201)
    assert kept["kind"] == "macro"
    changed(stage, update(Conversation).values(team="sales"))
    done = anna.post("/conversations/1/macros", {"macro": kept["id"]})
    with stage.inside():
        row = db.session.get(Conversation, 1)
        assert row
        assert (done["status"], row.assignee.email if row.assignee else None, done["team"]) == (status, assignee, team)


def test_a_macro_organises(stage: Stage, anna: Person) -> None:
    actions = [{"label": "vip"}, {"priority": "urgent"}, {"snooze": "message"}]
    kept = anna.post("/canned", {"title": "宏", "actions": actions}, 201)
    assert [(each["do"], each["said"]) for each in kept["actions"]] == [tuple(*each.items()) for each in actions]
    done = anna.post("/conversations/1/macros", {"macro": kept["id"]})
    assert (done["labels"], done["priority"], done["snoozed_until"]) == (["vip"], 3, None)
    ending = anna.post("/canned", {"title": "完", "actions": [{"resolve": "solved"}]}, 201)
    assert anna.post("/conversations/1/macros", {"macro": ending["id"]})["disposition"] == "solved"
    unknown = anna.post("/canned", {"title": "宏", "actions": [{"label": "gold"}]}, 422)
    assert unknown["errors"] == [{"field": "actions.0.label", "reason": "there is no label 'gold'"}]


REFUSED = {
    "nobody of that name": ([{"assign": "cy@example.com"}], "assign", "invalid"),
    "after the end": ([{"resolve": True}, {"reply": "还有"}], "reply", "resolved"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_actions(anna: Person, name: str) -> None:
    actions, action, reason = REFUSED[name]
    kept = anna.post("/canned", {"title": "宏", "actions": actions}, 201)
    status = 422 if reason == "invalid" else 409
    refused = anna.post("/conversations/1/macros", {"macro": kept["id"]}, status)
    assert (refused["action"], refused["reason"]) == (action, reason)
    assert anna.get("/conversations/1")["status"] == "open"


@pytest.mark.parametrize("which", ["file:refund", "file:returns", "file:none", "7", "99999999999999999999", "x"])
def test_what_is_no_macro_is_not_run(anna: Person, which: str) -> None:
    assert anna.post("/conversations/1/macros", {"macro": which}, 404)["code"] == "not_found"


def test_whose_conversation_it_is_not_sees_nothing(stage: Stage, anna: Person) -> None:
    changed(stage, update(Conversation).values(team="sales"))
    bo = stage.agent("Bo")
    assert bo.get("/conversations/1/canned", 404)["code"] == "not_found"
    assert bo.post("/conversations/1/macros", {"macro": "file:thanks"}, 404)["code"] == "not_found"


# notes


def test_my_own_note_can_be_changed(stage: Stage, anna: Person) -> None:
    note = anna.post("/conversations/1/messages", {"text": "财务说明天", "note": True}, 201)
    changed = anna.patch(f"/messages/{note['id']}", {"text": "财务说今天"})
    assert (changed["text"], "edited_at" in changed["payload"]) == ("财务说今天", True)
    assert stage.rows(AuditEntry)[-1].action == "edit_note"
    boss = stage.agent("Boss", role="admin")
    assert boss.patch(f"/messages/{note['id']}", {"text": "x"}, 403)["code"] == "not_your_note"


def test_what_went_out_stays_as_it_is(stage: Stage, anna: Person) -> None:
    reply = anna.post("/conversations/1/messages", {"text": "您好"}, 201)
    assert anna.patch(f"/messages/{reply['id']}", {"text": "再见"}, 403)["code"] == "not_your_note"
    event = next(row.id for row in stage.rows(Message) if row.kind == "event")
    assert anna.patch(f"/messages/{event}", {"text": "x"}, 403)["code"] == "not_your_note"


def test_colleagues_are_found_by_the_sounds_of_their_names(stage: Stage) -> None:
    anna = stage.agent()
    stage.agent("小林")
    stage.agent("李娜")
    names = {
        words: [each["name"] for each in anna.get("/agents", q=words)["items"]] for words in ("xl", "ln", "an", "")
    }
    assert names == {"xl": ["小林"], "ln": ["李娜"], "an": ["Anna"], "": sorted(["Anna", "小林", "李娜"])}


def test_a_keyword_says_more_than_a_rare_sound(stage: Stage, anna: Person) -> None:
    kept = anna.post("/canned", own(title="转销售", keywords=["xs"]), 201)
    assert found(anna, "xs") == [kept["id"], "file:refund"]  # 款 is rarely xin
