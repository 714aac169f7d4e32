"""What remains of a reply when its quote, signature and footers are cut."""

from __future__ import annotations

import pytest

from channels.email.parsing import parse
from channels.email.quotes import OWN_MARKER, cut
from tests.channels.email.mails import mail, page

REPLY = "您好，\n已经按您说的改好了，请查收。\n\n谢谢\n小王"
HEAD = "发件人: 小李 <li@example.com>\n发送时间: 2020年1月1日 10:00\n收件人: 客服\n主题: 问题"

CHINESE = {
    "QQ": '------------------ 原始邮件 ------------------\n发件人: "小李" <li@example.com>;\n\n旧的\n> 更旧的\n旧的',
    "QQ with entities": "------------------&nbsp;原始邮件&nbsp;------------------\n发件人:&nbsp;小李;\n\n旧的",
    "QQ in English": "------------------ Original ------------------\nFrom:  小李\nDate:  Wed\n\n旧的",
    "QQ on a phone": "---原始邮件---\n发件人: 小李\n旧的",
    "Outlook": f"-----邮件原件-----\n{HEAD}\n\n旧的",
    "Outlook's rule": f"________________________________\n{HEAD}\n\n旧的",
    "traditional": "-------- 原始郵件 --------\n寄件者: 小李\n主旨: 問題\n\n舊的",
    "bare head": HEAD.replace(": ", "：\u00a0").replace("\n", "\n\n") + "\n\n旧的",
    "bold head": "*发件人:* 小李\n*发送时间:* 昨天\n*主题:* 问题\n\n旧的",
    "original message": "原始消息\n发件人：小李\n收件人：客服\n已发送：昨天\n主题：问题\n\n旧的",
    "NetEase Master": "---- 回复的原邮件 ----\n| 发件人 | 小李<li@example.com> |\n| 主题 | 问题 |\n旧的",
    "NetEase Master's signature": "| |\n小王\n|\n|\nw@x.example\n|\n---- 回复的原邮件 ----\n| 发件人 | 李 |",
    "163": 'At 2020-04-22 13:17:21, "小李" <li@example.com> wrote:\n>旧的\n>\n>更旧的',
    "163 without marks": '在 2020-04-22 13:17:21，"小李" <li@example.com> 写道：\n\n旧的',
    "163 wrapped by a relay": 'At 2020-04-22 13:17:21, "小李" <li@example.com> wrote:\n>'
    + "很长的一行" * 9
    + "\n折行\n>旧的",
    "Thunderbird": "在 2019/8/4 23:25, 小李 写道:\n> 旧的\n\n-- \n签名",
    "Apple Mail": "> 在 2021年12月5日，上午4:29，小李 <li@example.com> 写道：\n> \n> 旧的",
    "Apple Mail with weekday": "在2021年12月5日十二月 上午4:29，小李写道：\n\n旧的",
    "Gmail": "小李 <li@example.com> 于2020年9月15日周二 上午1:51写道：\n\n> 旧的",
    "Gmail wrapped": "小李 <a-very-long-address-of-somebody@example.com>\n于2020年9月15日周二 上午1:51写道：\n\n> 旧的",
    "Gmail traditional": "小李 <li@example.com> 於 2020年9月15日 週二 上午1:51寫道：\n\n> 舊的",
    "Foxmail": f"2012-05-03\n\n\n小王\n\n\n{HEAD}\n旧的",
    "Foxmail with address": f"wang@example.com\n \n{HEAD}\n旧的",
    "iPhone": "发自我的iPhone\n\n> 在 2020年1月1日，10:00，小李 <li@example.com> 写道：\n> \n> 旧的",
    "Windows": f"从 Windows 版邮件发送\n\n{HEAD}\n\n旧的",
    "list footer below": '在 2020-04-22 13:17:21，"小李" <li@example.com> 写道：\n>旧的\n____________________\n'
    "dev mailing list\ndev@example.org",
    "our marker": f"在 2020-04-22 13:17:21，客服 写道：\n> {OWN_MARKER}\n> 旧的",
    "confidentiality": "本邮件及其附件含有某某公司的保密信息，仅限于发送给上面地址中列出的个人或群组。",
}
WESTERN = {
    "Gmail": "On Mon, Jan 1, 2020 at 10:00 AM Li <li@example.com> wrote:\n\n> old",
    "Gmail wrapped": "On Mon, Jan 1, 2020 at 10:00 AM A Rather Long Name <\nli@example.com> wrote:\n\n> old",
    "German": "Am Mo., 5. Okt. 2020 um 10:00 Uhr schrieb Li <li@example.com>:\n\n> alt",
    "French": "Le lun. 5 oct. 2020 à 10:00, Li <li@example.com> a écrit :\n\n> vieux",
    "Outlook": "From: Li [mailto:li@example.com]\nSent: Monday\nTo: Help\nSubject: Question\n\nold",
    "Original Message": "-----Original Message-----\nFrom: Li\nSent: Monday\nTo: Help\nSubject: Question\n\nold",
    "Yandex": '01.01.2020, 10:00, "Li" <li@example.com>:\n> old',
    "date and address": "2012/11/12 Li <li@example.com>\n\n> old",
    "mobile": "Sent from my iPhone\n\n> On 1 Jan 2020, at 10:00, Li <li@example.com> wrote:\n> \n> old",
    "signature": "-- \nWang\nExample Ltd\n\n-----Original Message-----\nFrom: Li\nSubject: Question\n\nold",
}


@pytest.mark.parametrize(
    "quote", [*CHINESE.values(), *WESTERN.values()], ids=[*CHINESE, *(f"W {name}" for name in WESTERN)]
)
def test_a_quote_goes_and_the_reply_stays(quote: str) -> None:
    assert cut(f"{REPLY}\n\n{quote}") == REPLY


@pytest.mark.parametrize(
    "whole",
    [
        "在 2019/8/4 23:25, 小李 写道:\n> 问题一\n\n可以的。\n\n> 问题二\n\n不行。",
        "您好\n在 2019/8/4 23:25, 小李 写道:\n> 问题一\n可以的。\n> 问题二\n不行。",
        f"---------- Forwarded message ---------\n{HEAD}\n\n看看这个",
        f"------------------ 原始邮件 ------------------\n{HEAD}\n\n都在这里",
        "> 只有引用\n> 没有别的",
        "我的订单号：12345\n时间：昨天\n地址：北京\n谢谢",
        "有两个问题:\n- 手机\n- 电脑\n\n-----\n请尽快发货",
        "主题：退款\n发件人付款\n没有别的了",
        "-- \n发自我的iPhone",
        "昨天 10:00 客服写道的内容我看不懂：\n请解释",
    ],
)
def test_what_cannot_be_told_from_the_answer_is_kept(whole: str) -> None:
    assert cut(whole) == whole


def test_the_quote_is_the_content_of_a_forward() -> None:
    text = f"请处理\n\n---------- Forwarded message ---------\n{HEAD}\n\n内容"
    assert (cut(text, "Fwd: 问题"), cut(text, "转发：问题")) == (text, text)


def test_an_answer_below_the_quote_is_the_reply() -> None:
    assert cut("On Mon, 1 Jan 2020 at 10:00, Li <li@example.com> wrote:\n> when?\n\nTomorrow.") == "Tomorrow."


def test_a_gateway_banner_is_folded_away() -> None:
    assert cut(f"注意: 这封邮件来自于外部，请不要点击链接或打开附件\n\n{REPLY}") == REPLY


def test_text_beyond_what_the_scanners_read_is_kept() -> None:
    long = "\n".join(f"第{number}行" for number in range(3_000))
    assert cut(long) == long


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote"><div class="gmail_attr">On x:</div><blockquote>old</blockquote></div>',
        '<blockquote id="isReplyContent">旧的</blockquote>',
        '<blockquote id="ntes-andriodmail-quote">旧的</blockquote>',
        '<blockquote type="cite">old</blockquote>',
        '<div id="divRplyFwdMsg">From: Li</div><div>old</div>',
        '<blockquote style="margin-Left: 0.5em"><div style="border-top:solid #B5C4DF">From</div>旧的</blockquote>',
    ],
)
def test_a_page_loses_the_container_of_its_quote(quote: str) -> None:
    read = parse(page(f"<html><body><p>改好了</p>{quote}</body></html>"))
    assert read.reply_text == "改好了"
    assert "旧的" in read.text or "old" in read.text


def test_the_new_text_of_qq_is_no_quote() -> None:
    assert parse(page('<div class="qmbox"><p>改好了</p></div>')).reply_text == "改好了"


def test_the_whole_text_is_kept_beside_the_reply() -> None:
    text = f"{REPLY}\n\n{CHINESE['QQ']}"
    read = parse(mail(text))
    assert (read.text, read.reply_text) == (text, REPLY)
