"""The /_sim API of mail: what customers have got and what they write, and raw mail for the mailbox.

GET  mail/people                       POST mail/people {name, address?, unionid?, language?}
GET  mail/people/<address>/mails?since=&boot=&wait=     all, or those that changed after that revision
POST mail/people/<address>/mails {to?, cc?, subject?, text, html?, attachments?: [{name, data: base64}],
     in_reply_to?: Message-ID, quote?, client?: qq|163|gmail|outlook|plain, auto_reply?}
     409 {"error"} where there is no such mail to answer. What addresses refuse comes back to the customer.
GET  mail/people/<address>/mails/<n>/raw    .../html    .../files/<number>
POST mail/raw?to=&from=  a mail's bytes, into the mailbox: as they are; with `to`, stamped as a server does, for it
Faults (POST faults): smtp busy, refuse_login, hang {seconds}, reset_after; imap busy, refuse_login, drop.
"""

from __future__ import annotations

import time
from base64 import b64decode
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, jsonify, request

from simulator.accounts import new_unionid
from simulator.asked import body_as, problem
from simulator.faults import Log
from simulator.mail import reading
from simulator.mail.asked import MailAsked, PersonAsked
from simulator.mail.carrying import asked_for, bring_back, carry, refusal
from simulator.mail.post import MAILBOX, Letter, Person, Post, is_mailbox
from simulator.mail.writing import Draft, answer_to, write

LONGEST_WAIT = 25.0
LARGEST_BODY = 40 * 1024 * 1024
PRIVATE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=86400"}
# a stranger's page, shown in a frame: it may look as it likes, and do and fetch nothing
FRAME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

FRAME_HEAD = (
    '<!doctype html><base target="_blank"><style>body{margin:2px;font:15px/1.5 system-ui,sans-serif;'
    "overflow-wrap:anywhere}img,table{max-width:100%}pre{white-space:pre-wrap}</style>"
)


def mail(post: Post, log: Log) -> Blueprint:
    blueprint = Blueprint("mail", __name__, url_prefix="/_sim/mail")

    def person_or_404(address: str) -> Person:
        return post.people.get(address.lower()) or abort(404)

    def letter_or_404(address: str, number: int) -> Letter:
        letters = person_or_404(address).letters
        return letters[number - 1] if 1 <= number <= len(letters) else abort(404)

    @blueprint.get("/people")
    def people() -> Response:
        return jsonify(
            items=[person_view(each) for each in list(post.people.values())], mailbox=MAILBOX, boot=post.boot
        )

    @blueprint.post("/people")
    def add_person() -> tuple[Response, int]:
        asked = body_as(PersonAsked)
        if is_mailbox(asked.address):
            abort(problem("the address is the mailbox's"))
        given = asked.model_dump() | {"unionid": new_unionid() if asked.unionid is None else asked.unionid}
        return jsonify(person_view(post.add_person(**given))), 201

    @blueprint.get("/people/<address>/mails")
    def mails(address: str) -> Response:
        person, since = person_or_404(address), request.args.get("since", type=int)
        wait = min(request.args.get("wait", 0.0, type=float), LONGEST_WAIT)
        if since is not None and wait > 0 and request.args.get("boot") in (None, post.boot):
            wait_for_news(post, person, since, wait)
        with post.lock:
            letters = [letter for letter in person.letters if letter.rev > (since or 0)]
            answer = {"rev": person.revision, "boot": post.boot, "now": time.time()}
        return jsonify(items=[reading.shown(letter) for letter in letters], **answer)

    @blueprint.post("/people/<address>/mails")
    def send(address: str) -> tuple[Response, int]:
        request.max_content_length = LARGEST_BODY
        person, asked = person_or_404(address), body_as(MailAsked)
        answered = person.letter_called(asked.in_reply_to) if asked.in_reply_to else None
        if asked.in_reply_to and not answered:
            return problem("the customer has no such mail", 409), 409
        if not asked.text.strip() and not asked.html.strip() and not asked.attachments:
            return problem("text: empty"), 400
        return jsonify(reading.shown(sent(post, log, person, asked, answered))), 201

    @blueprint.get("/people/<address>/mails/<int:number>/raw")
    def raw(address: str, number: int) -> Response:
        return Response(letter_or_404(address, number).raw, mimetype="text/plain", headers=PRIVATE)

    @blueprint.get("/people/<address>/mails/<int:number>/html")
    def page(address: str, number: int) -> Response:
        html = reading.html_of(letter_or_404(address, number).raw)
        headers = {**PRIVATE, "Content-Security-Policy": FRAME_POLICY}
        return Response(FRAME_HEAD + html, mimetype="text/html", headers=headers)

    @blueprint.get("/people/<address>/mails/<int:number>/files/<int:file>")
    def download(address: str, number: int, file: int) -> Response:
        found = reading.file_of(letter_or_404(address, number).raw, file)
        if found is None:
            abort(404)
        name, _, content = found
        headers = {**PRIVATE, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
        return Response(content, mimetype="application/octet-stream", headers=headers)

    @blueprint.post("/raw")
    def inject() -> tuple[Response, int]:
        request.max_content_length = LARGEST_BODY
        given, to = request.get_data(), request.args.get("to", "")
        if not given or (to and not is_mailbox(to)):
            return problem("no mail, or not to the mailbox"), 400
        if to:
            carry(post, request.args.get("from", ""), to, given, "ESMTP")
        else:
            post.file(post.folders["INBOX"], given)
        return jsonify(uid=post.folders["INBOX"].next_uid - 1), 201

    return blueprint


def sent(post: Post, log: Log, person: Person, asked: MailAsked, answered: Letter | None) -> Letter:
    """Written, kept, and carried to everybody; what somebody does not take comes back at once."""
    draft = Draft(
        to=asked.to or (answer_to(answered) if answered else []) or [MAILBOX],
        cc=asked.cc,
        subject=asked.subject,
        text=asked.text,
        html=asked.html,
        files=[(file.name, b64decode(file.data)) for file in asked.attachments],
        client=asked.client,
        quote=asked.quote,
        auto_reply=asked.auto_reply,
    )
    raw, boot = write(person, draft, answered), post.boot
    letter = post.add_letter(person, raw, own=True)
    for recipient in dict.fromkeys(each.lower() for each in (*draft.to, *draft.cc)):
        failure = refusal(asked_for(post, recipient)) or carry(post, person.address, recipient, raw)
        if failure:
            bring_back(post, boot, person.address, recipient, raw, failure)
    log.add("mail", by=person.address, to=[*draft.to, *draft.cc], message_id=letter.identifier, bytes=len(raw))
    return letter


def wait_for_news(post: Post, person: Person, since: int, seconds: float) -> None:
    ends, boot = time.monotonic() + seconds, post.boot
    with post.changed:
        while person.revision <= since and post.boot == boot:
            left = ends - time.monotonic()
            if left <= 0 or not post.changed.wait(left):
                return


def person_view(person: Person) -> dict[str, Any]:
    return {
        "address": person.address,
        "name": person.name,
        "unionid": person.unionid,
        "language": person.language,
        "mails": len(person.letters),
    }
