"""What remains of a reply when its quote, signature and footers are cut."""

from __future__ import annotations

import pytest

from channels.email.marks import OWN_MARKER
from channels.email.parsing import parse
from channels.email.quotes import cut
from tests.channels.email.mails import mail, multipart, page, part

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

# As more clients write it
CLIENTS = {
    "qq web full": "------------------&nbsp;原始邮件&nbsp;------------------\n"
    '发件人:&nbsp;"dev"<li.si@example.com&gt;;\n'
    "发送时间:&nbsp;2021年3月4日(星期四) 晚上7:35\n"
    '收件人:&nbsp;"dev"<dev@lists.example.org&gt;;\n\n主题:&nbsp;Re: [讨论] 发布计划\n\n'
    "大家好，\n我建议推迟",
    "qq phone with iphone line": "发自我的iPhone\n\n------------------ Original ------------------\n"
    "From: 李四 <li.si@example.com>\nDate: 周四,3月 4,2021 7:35 下午\n"
    "To: dev <dev@lists.example.org>\nSubject: Re: plan\n\n旧内容",
    "foxmail en": "wangxm@example.com\n \nFrom: Li Si\nDate: 2020-04-22 13:17\nTo: dev\n"
    "Subject: Re: problem\nold content",
    "netease master old": "| |\n王小明\n|\n|\nwangxm@163.example\n|\n签名由网易邮箱大师定制\n"
    "在2020年04月22日 13:17，李四<li.si@example.com> 写道：\n旧内容\n第二行",
    "netease master old 2": "| |\nwangxm\n|\n|\n邮箱：wangxm@163.example\n|\n\n签名由 网易邮箱大师 定制\n\n"
    "在2020年04月22日 13:17，李四 写道：\n旧内容",
    "netease master replied message": "| |\n王小明\n|\n|\nwangxm@163.example\n|\n---- Replied Message ----\n"
    "| From | Li Si<li.si@example.com> |\n| Date | 10/11/2022 10:10 |\n"
    "| To | dev@lists.example.org<dev@lists.example.org> |\n| Subject | Re: plan |\n"
    "old text",
    "netease master zh table": "---- 回复的原邮件 ----\n| 发件人 | 李四<li.si@example.com> |\n"
    "| 日期 | 2022年10月11日 10:10 |\n| 收件人 | dev@lists.example.org |\n| 抄送至 | |\n"
    "| 主题 | Re: 问题 |\n旧内容",
    "163 with sig before quote": '--\n\n王小明\n某公司\n\nAt 2020-04-22 13:17:21, "Li Si" <li.si@example.com> wrote:\n'
    ">Hi all,",
    "163 forward inside reply": '-------- 转发邮件信息 --------\n发件人："李四" <li.si@example.com>\n'
    "发送日期：2020-04-22 13:17:21\n收件人：dev@lists.example.org\n主题：问题\n旧内容",
    "aliyun": "------------------------------------------------------------------\n"
    "发件人：李四 <li.si@example.com>\n发送时间：2020年4月22日(星期三) 13:17\n"
    "收件人：dev <dev@lists.example.org>\n抄\u3000送：wang <wang@example.com>\n"
    "主\u3000题：Re: 问题\n\n旧内容",
    "coremail enterprise": "> -----原始邮件-----\n> 发件人: 李四 <li.si@example.com>\n"
    "> 发送时间: 2020-04-22 13:17:21 (星期三)\n> 收件人: dev@lists.example.org\n> 抄送: \n"
    "> 主题: 问题\n> \n> 旧内容\n\n</wangxm@example.com>",
    "coremail plural en": '-----Original Messages-----\nFrom:"Li Si" <li.si@example.com>\n'
    "Sent Time:2020-04-22 13:17:21 (Wednesday)\nTo: dev@lists.example.org\nCc: \n"
    "Subject: problem\n\nold",
    "outlook tw original": "-----Original Message-----\nFrom: 李四 [mailto:li.si@example.com] \n"
    "Sent: Wednesday, April 22, 2020 1:17 PM\nTo: 王小明\nSubject: Re: 問題\n\n舊內容",
    "outlook ios zh new wording": "获取适用于 iOS 的 Outlook<https://aka.ms/o0ukef>\n________________________________\n"
    "发件人: 李四 <li.si@example.com>\n发送时间: Wednesday, April 22, 2020 1:17:21 PM\n"
    "收件人: 王小明 <wang@example.com>\n主题: 问题\n\n旧内容",
    "outlook android tw": "取得 Android 版 Outlook<https://aka.ms/ghei36>\n________________________________\n"
    "寄件者: 李四 <li.si@example.com>\n寄件日期: 2020年4月22日 下午 01:17:21\n"
    "收件者: 王小明 <wang@example.com>\n主旨: 問題\n\n舊內容",
    "windows 10 mail zh": "发送自 Windows 10 版邮件应用\n\n发件人: 李四\n发送时间: 2020年4月22日 13:17\n"
    "收件人: 王小明\n主题: 问题\n\n旧内容",
    "apple zh new": "> 2021年3月4日 下午3:20，李四 <li.si@example.com> 写道：\n> \n> 旧内容\n> 第二行",
    "apple zh new unquoted": "2021年3月4日 下午3:20，李四 <li.si@example.com> 写道：\n\n旧内容\n第二行",
    "gmail tw": "李四 <li.si@example.com> 於 2021年3月4日 週四 下午3:20寫道：\n\n> 舊內容",
    "gmail old zh": "在 2012年11月12日 上午10:10，李四 <li.si@example.com>写道：\n\n> 旧内容",
    "thunderbird zh old": "于 2012年11月12日 10:10, 李四 写道:\n> 旧内容",
    "thunderbird zh via": "在 2020/4/22 下午1:17, 李四 via dev 写道:\n> 旧内容",
    "kmail zh": "在 2020年4月22日星期三 CST 下午1:17:21，李四 写道：\n> 旧内容",
    "evolution zh": "在 2020-04-22三的 13:17 +0800，李四写道：\n> 旧内容",
    "roundcube zh tw": "李四 於 2020-04-22 13:17 寫到:\n> 舊內容",
    "horde zh": "引用 李四 <li.si@example.com>:\n\n> 旧内容",
    "mutt": "* 李四 <li.si@example.com> [2020-04-22 13:17:21 +0800]:\n\n> 旧内容",
    "gnus": "李四 <li.si@example.com> writes:\n\n> 旧内容",
    "name says zh": "李四说：\n> 旧内容",
    "ptt": "※ 引述《lisi (李四)》之銘言：\n: 舊內容\n: 第二行",
    "date star zh": "On Wed, Apr 22, 2020 at 01:17:21PM +0800, 李四 wrote:\n> 旧内容",
    "wemail": "发件人：李四\n发送时间：2020年4月22日\n收件人：王小明\n抄 送：\n主 题：问题\n旧内容",
    "android samsung zh": "从我的三星 Galaxy 智能手机发送。\n\n-------- 原始信息 --------\n"
    "由： 李四 <li.si@example.com>\n日期： 2020/4/22 13:17 (GMT+08:00)\n"
    "收件人： wang@example.com\n主题： 问题\n\n旧内容",
    "mi phone": "发自我的小米手机\n在 李四 <li.si@example.com>，2020年4月22日 13:17写道：\n\n旧内容",
    "email app huawei": "发自我的手机\n\n-------- 原始邮件 --------\n主题：问题\n发件人：李四\n收件人：wang\n"
    "抄送：\n\n旧内容",
    "zoho": "---- On Tue, 22 Dec 2020 14:17:36 +0530 Li Si <li.si@example.com> wrote ----\n\nold text",
    "zoho cn": "---- 在 星期二, 2020-12-22 14:17:36 李四 <li.si@example.com> 撰写 ----\n\n旧内容",
    "proton": "Sent with Proton Mail secure email.\n\n------- Original Message -------\n"
    "On Tuesday, December 22nd, 2020 at 2:17 PM, Li Si <li.si@example.com> wrote:\n\n"
    "> old text",
    "yahoo": "    On Tuesday, December 22, 2020, 2:17:36 PM GMT+1, Li Si <li.si@example.com> wrote:  \n \n old text",
    "mail.ru": "Вторник, 22 декабря 2020, 14:17 +03:00 от Li Si <li.si@example.com>:\n \nстарый текст",
    "ru gmail": "вт, 22 дек. 2020 г. в 14:17, Li Si <li.si@example.com>:\n\n> старый текст",
    "ru thunderbird": "22.12.2020 14:17, Li Si пишет:\n> старый текст",
    "de gmail new": "Li Si <li.si@example.com> schrieb am Di., 22. Dez. 2020, 14:17:\n\n> alter Text",
    "de outlook": "Von: Li Si <li.si@example.com> \nGesendet: Dienstag, 22. Dezember 2020 14:17\n"
    "An: Support <help@example.org>\nBetreff: AW: Frage\n\nalter Text",
    "fr outlook": "De : Li Si <li.si@example.com> \nEnvoyé : mardi 22 décembre 2020 14:17\n"
    "À : Support <help@example.org>\nObjet : RE: Question\n\nancien texte",
    "es gmail": "El mar, 22 dic 2020 a las 14:17, Li Si (<li.si@example.com>) escribió:\n\n> texto viejo",
    "it gmail": "Il giorno mar 22 dic 2020 alle ore 14:17 Li Si <li.si@example.com> ha\nscritto:\n\n> vecchio testo",
    "pt gmail": "Em ter., 22 de dez. de 2020 às 14:17, Li Si <li.si@example.com> escreveu:\n\n> texto antigo",
    "nl apple": "> Op 22 dec. 2020, om 14:17 heeft Li Si <li.si@example.com> het volgende geschreven:\n"
    "> \n> oude tekst",
    "pl gmail": "wt., 22 gru 2020 o 14:17 Li Si <li.si@example.com> napisał(a):\n\n> stary tekst",
    "pl thunderbird": "W dniu 22.12.2020 o 14:17, Li Si pisze:\n> stary tekst",
    "da gmail": "tir. 22. dec. 2020 kl. 14.17 skrev Li Si <li.si@example.com>:\n\n> gammel tekst",
    "fi gmail": "ti 22. jouluk. 2020 klo 14.17 Li Si (li.si@example.com) kirjoitti:\n\n> vanha teksti",
    "cs gmail": "út 22. 12. 2020 v 14:17 odesílatel Li Si <li.si@example.com> napsal:\n\n> starý text",
    "tr gmail": "Li Si <li.si@example.com>, 22 Ara 2020 Sal, 14:17 tarihinde şunu yazdı:\n\n> eski metin",
    "hu gmail": "Li Si <li.si@example.com> ezt írta (időpont: 2020. dec. 22., K, 14:17):\n\n> régi szöveg",
    "ja gmail": "2020年12月22日(火) 14:17 Li Si <li.si@example.com>:\n\n> 古い本文",
    "ja apple": "> 2020/12/22 14:17、Li Si <li.si@example.com>のメール:\n> \n> 古い本文",
    "ja outlook": "差出人: Li Si <li.si@example.com>\n送信日時: 2020年12月22日 14:17\n"
    "宛先: Support <help@example.org>\n件名: Re: 質問\n\n古い本文",
    "ko gmail": "2020년 12월 22일 (화) 오후 2:17, Li Si <li.si@example.com>님이 작성:\n\n> 이전 본문",
    "vi gmail": "Vào Th 3, 22 thg 12, 2020 vào lúc 14:17 Li Si <li.si@example.com>\nđã viết:\n\n> nội dung cũ",
    "en three lines": "On Tuesday, December 22, 2020 at 2:17:36 PM UTC-8, Somebody With Long Name\n"
    "<somebody.with.long.name@department.example.com>\nwrote:\n\n> old text",
    "en blackberry": "Sent from my BlackBerry 10 smartphone on the Example network.\nFrom: Li Si\n"
    "Sent: Tuesday, December 22, 2020 2:17 PM\nTo: Support\nSubject: plan\n\nold text",
    "en reply above line": "> ##- 请在此线上方回复 / reply above this line -##\n> old text",
    "disclaimer en": "This email and any files transmitted with it are confidential and intended solely for you.",
    "nested quote, attribution inside": ">>>> 在 2020/4/22 13:17, 李四 写道:\n>>> 旧内容\n>> \n> 好",
    "spark zh": "在 2020年4月22日 +0800 PM1:17，李四 <li.si@example.com>，写道：\n> 旧内容",
    "airmail": "在 2020年4月22日 在 下午1:17:21, 李四 (li.si@example.com) 写道:\n\n旧内容",
    "edison": "Sent from my mobile (https://example.com/app)\n\n"
    "On Dec 22, 2020 at 2:17 PM, <Li Si (li.si@example.com)> wrote:\n\nold text",
    "gmx": 'Gesendet: Dienstag, 22. Dezember 2020 um 14:17 Uhr\nVon: "Li Si" <li.si@example.com>\n'
    "An: help@example.org\nBetreff: Re: plan\n\nold text",
    "hotmail subject first": "> Subject: Re: plan\n> From: li.si@example.com\n> To: help@example.org\n"
    "> Date: Tue, 22 Dec 2020 14:17:36 +0000\n> \n> old text",
    "iso date": "2020-12-22 14:17 GMT+01:00 Li Si <li.si@example.com>:\n\n> old text",
    "posted by": "Posted by lisi on 12/22/2020\n> old text",
    "notes": "Li Si <li.si@example.com> wrote on 12/22/2020 02:17:36 PM:\n\n"
    "> From: Li Si <li.si@example.com>\n> To: help@example.org\n"
    "> Date: 12/22/2020 02:17 PM\n> Subject: plan\n> \n> old text",
    "pt outlook mobile": "Obter o Outlook para iOS<https://aka.ms/o0ukef>\n________________________________\n"
    "De: Li Si <li.si@example.com>\nEnviado: Tuesday, December 22, 2020 2:17:36 PM\n"
    "Para: Support <help@example.org>\nAssunto: Re: plan\n\nold",
    "de outlook mobile": "Outlook für iOS<https://aka.ms/o0ukef> beziehen\n________________________________\n"
    "Von: Li Si <li.si@example.com>\nGesendet: Tuesday, December 22, 2020 2:17:36 PM\n"
    "An: Support <help@example.org>\nBetreff: Re: plan\n\nold",
    "fr outlook mobile": "Télécharger Outlook pour iOS<https://aka.ms/o0ukef>\n"
    "________________________________\nDe : Li Si <li.si@example.com>\n"
    "Envoyé : Tuesday, December 22, 2020 2:17:36 PM\nÀ : Support <help@example.org>\n"
    "Objet : Re: plan\n\nold",
    "a card between": "----------------------------------------\n某某科技有限公司 研发部\n电话：010-12345678\n"
    "\n发件人: 李四 <li@example.com>\n发送时间: 2020年4月22日 13:17\n收件人: 王\n主题: 问题\n\n"
    "旧",
    "quoted separator foxmail gt": "> 发件人： 李四\n> 发送时间： 2020-04-22\n> 收件人： dev\n> 主题： x\n> 旧",
    "a Chinese name in English": "On Wed, Apr 22, 2020 at 1:17 PM 李四 <li@example.com> wrote:\n\n> 旧\n"
    "> On Tue, Apr 21, 2020 at 1:17 PM 王 <wang@example.com> wrote:\n>> 更旧",
    "outlook spaced labels": "发 件 人： 李四 <li@example.com>\n发送时间： 2020年4月22日 13:17\n收 件 人： 王\n"
    "主    题： 问题\n\n旧",
    "vertical bar quoting": "On Wed, Apr 22, 2020, Li <li@example.com> wrote:\n| old\n| older",
    "qq separator after text in one line": " ------------------ 原始邮件 ------------------ "
    '发件人: "李四";发送时间: 2020\n旧',
    "old netease you": '在2012-11-12，"李四" <li@example.com> 写道：\n-----原始邮件-----\n'
    '发件人:"李四" <li@example.com>\n旧旧',
    "sohu": "-----------------------------------------------------------------------------------\n"
    "发件人： 李四 <li@example.com>\n收件人： dev\n主题： 问题\n时间： 2012-11-12 10:10\n旧",
    "foxmail 6": "2012-11-12\n\n王小明\n\n发件人： 李四\n发送时间： 2012-11-12  10:10:10\n收件人： dev\n"
    "抄送：\n主题： 问题\n\n旧",
    "foxmail 6 equals": "======= 2012-11-12 10:10:10 您在来信中写道：=======\n>旧\n>旧\n\n"
    "= = = = = = = = = = = = = = = = = = = =",
    "2012 no comma": "2012/11/12 10:10，李四：\n> 旧",
    "on cst": "On 2012年11月12日 10:10, 李四 wrote:\n> 旧",
    "mixed chinese wrote": "李四 <li@example.com> wrote on 2012年11月12日 周一 10:10:\n> 旧",
    "date first head": "日期: 2012年11月12日\n发件人: 李四 <li@example.com>\n收件人: dev\n主题: 问题\n\n旧",
    "hotmail zh": "> 日期: Mon, 12 Nov 2012 10:10:10 +0800\n> 发件人: li@example.com\n"
    "> 收件人: dev@example.org\n> 主题: 问题\n> \n> 旧",
    "hotmail zh bare": "Date: Mon, 12 Nov 2012 10:10:10 +0800\nSubject: Re: 问题\nFrom: li@example.com\n"
    "To: dev@example.org\n\n旧",
    "xiaomi": "李四 <li@example.com> 在 2020年4月22日 周三 13:17 写道：\n> 旧",
    "oppo vivo": "发自我的vivo智能手机\n在 李四 <li@example.com>，2020年4月22日 13:17写道：\n旧",
    "ipad tail": "从我的 iPad 发送\n\n> 在 2020年4月22日，13:17，李四 <li@example.com> 写道：\n> 旧",
    "ali app": "来自钉钉专属商务邮箱------------------------------------------------------------------\n"
    "发件人：李四<li@example.com>\n日\u3000期：2020年04月22日 13:17:21\n"
    "收件人：dev<dev@example.org>\n主\u3000题：问题\n\n旧",
}


@pytest.mark.parametrize(
    "quote",
    [*CHINESE.values(), *WESTERN.values(), *CLIENTS.values()],
    ids=[*CHINESE, *(f"W {name}" for name in WESTERN), *CLIENTS],
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
        "大家好，\n\n在 2020/4/22 13:17, 李四 写道:\n> 问题一\n可以。\n> 问题二\n不行。",
        "客服在 2020年4月22日 写道可以退款：\n但是现在又不行了",
        "> 旧内容\n> 没有新内容",
        "规格如下\n\n| 型号 | 数量 |\n|---|---|\n| A1 | 3 |\n\n请报价",
        "有人给我回复说：\n\n> 不能退款\n\n这是真的吗？",
        "客服昨天说：\n> 今天发货\n但是今天没有发货，请退款。",
        "请联系以下人员：\n张三 zhang@example.com\n李四 li@example.com:\n王五 10:30 wang@example.com",
        "日程：\n10:00 会议\n11:30 Li <li@example.com>:\n讨论",
        "The schedule:\n10:00 breakfast\n11:30 meeting\n\nRegards",
        "您好，我要寄一个快递\n\n寄件人：王小明 13800000000\n收件人：李婷 13900000000\n"
        "地址：上海市浦东新区\n时间：明天上午",
        "Hello,\n\nFrom: Beijing\nTo: Shanghai\nDate: 3 March\n\nPlease quote a price.",
        "错误日志如下：\n2020-04-22 13:17:21 ERROR connect to li@example.com:\ntimeout\n怎么办",
        "配置如下：\nfrom: a\nto: b\nsubject: c\n请看看有没有问题",
        "看下面的diff\n\n> old line\n< new line\n---\n> other\n\n可以吗",
        "我执行了命令\n\n> npm install\nnpm ERR! code 1\n\n请帮忙",
        "价格：\n: 100 元\n好的",
        "同意 在 2020年4月22日星期三，李四 <li@example.com> 写道：\n> 旧",
        "Hello,\nworks now.\n\nBest regards,\nLi",
        "Hello,\nworks now.\n\nLi Lei\nTel. 010 12345678",
        "在 2020/4/22 13:17, 李四 写道:\n> 旧\n> 旧\n\n同意，谢谢！",
        "> 旧一\n同意\n\n> 旧二\n不同意",
        "On Wed, Apr 22, 2020 at 1:17 PM Li <li@example.com> wrote:\n> old\n> older",
        "My father wrote on 12 March 2020: the goods are broken.\nPlease refund.",
        "At 10:30 li@example.com wrote that the price is wrong:\n100 instead of 90\n\nPlease check",
    ],
)
def test_what_cannot_be_told_from_the_answer_is_kept(whole: str) -> None:
    assert cut(whole) == whole


def test_the_quote_is_the_content_of_a_forward() -> None:
    text = f"请处理\n\n---------- Forwarded message ---------\n{HEAD}\n\n内容"
    assert (cut(text, "Fwd: 问题"), cut(text, "转发：问题")) == (text, text)


REWRITTEN = [
    (
        "On Tue, Dec 22, 2020 at 2:17 PM, Support <help@example.org> wrote:\n> when?\n\n"
        "Tomorrow.\n\n> where?\n\nHere.\n\nLi",
        "> when?\n\nTomorrow.\n\n> where?\n\nHere.\n\nLi",
    ),
    (
        "On Tue, Dec 22, 2020 at 2:17 PM, Support <help@example.org> wrote:\n> when does it\n"
        "> start?\n\nIt starts at noon.",
        "It starts at noon.",
    ),
    (
        "On 12/22/2020 02:17 PM, Support wrote:\n> when does it\n> start?\n>\n\nIt starts at noon.\n\n-- \nLi",
        "It starts at noon.",
    ),
    (
        "CAUTION: This email originated from outside of the organization. Do not click links or open "
        "attachments unless you recognize the sender.\n"
        "\nSounds good.",
        "Sounds good.",
    ),
    ("【外部邮件】此邮件来自公司外部，请谨慎处理链接和附件。\n\n请问什么时候发货？", "请问什么时候发货？"),
    (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nWorks for me.\n\n"
        "On 04/22/2020 01:17 PM, Li wrote:\n> old\n-----BEGIN PGP SIGNATURE-----\n\n"
        "iQIzBAEBCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----",
        "Works for me.",
    ),
]


@pytest.mark.parametrize(("whole", "reply"), REWRITTEN)
def test_what_stands_around_an_answer_goes(whole: str, reply: str) -> None:
    assert cut(whole) == reply


@pytest.mark.parametrize(
    "mark",
    [
        "---------- Forwarded message ---------\nFrom: Li <li@example.com>\nDate: Tue, Dec 22, 2020\nSubject: plan",
        "Begin forwarded message:\n\n> From: Li <li@example.com>\n> Subject: plan\n> ",
        "-------- Weitergeleitete Nachricht --------\nBetreff: Plan\nVon: Li <li@example.com>",
    ],
)
def test_a_mail_that_is_passed_on_is_content_whatever_its_subject(mark: str) -> None:
    text = f"请处理\n\n{mark}\n\n内容\n\n发自我的iPhone"
    assert cut(text, "问题") == text


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
        '<div class="gmail_quote"><div class="gmail_attr">On x:</div>'
        '<blockquote class="gmail_quote">old</blockquote></div>',
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


GMAIL = '<div class="gmail_attr">On Wed, Apr 1, 2020 at 10:00 AM Li &lt;l@x.example&gt; wrote:<br></div>'
PAGES = {
    "Gmail's answer below": (
        f'<div class="gmail_quote">{GMAIL}<blockquote class="gmail_quote">when?</blockquote></div>Tomorrow.',
        "Tomorrow.",
    ),
    "Gmail before 2013": (
        'ok<br><div class="gmail_quote">2012/11/12 Li <span>&lt;l@x.example&gt;</span><br>'
        '<blockquote class="gmail_quote">old</blockquote></div>',
        "ok",
    ),
    "QQ": (
        '<div class="qmbox"><div>好的</div><div>------------------&nbsp;原始邮件&nbsp;------------------</div><div>'
        '<div><b>发件人:</b>&nbsp;"李";</div><div><b>主题:</b>&nbsp;问题</div></div><div>旧</div></div>',
        "好的",
    ),
    "Foxmail": (
        '<div>好的</div><hr><div>wang@x.example</div><blockquote style="margin-Left: 0.5em"><div>&nbsp;</div><div>'
        "<div><b>发件人：</b>&nbsp;李</div><div><b>主题：</b>&nbsp;问题</div></div>旧</blockquote>",
        "好的",
    ),
    "NetEase": (
        '<div>好的</div><div class="J-reply">---- 回复的原邮件 ----<table><tr><td>发件人</td><td>李</td></tr>'
        '<tr><td>主题</td><td>问题</td></tr></table></div><blockquote id="ntes-andriodmail-quote">旧</blockquote>',
        "好的",
    ),
    "Outlook": (
        '<p>ok</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
        "<p><b>Lähettäjä:</b> Li<br><b>Aihe:</b> x</p></div><p>vanha</p>",
        "ok",
    ),
    "Apple": (
        'ok<div>发自我的iPhone</div><blockquote type="cite">在 2020年4月1日，10:00，李 写道：</blockquote>'
        '<blockquote type="cite">旧</blockquote>',
        "ok",
    ),
    "Thunderbird's answer below": (
        '<div class="moz-cite-prefix">On 01.04.20 10:00, Li wrote:</div><blockquote type="cite">old</blockquote>'
        '<p>answer</p><div class="moz-signature">-- <br>Li</div>',
        "answer",
    ),
    "an advertisement's rule": ('<div>A</div><div style="border-top:1px solid #e1e1e1">B</div>', "A\nB"),
    "hidden words": ('<div style="display:none">first <div>lines</div> of it</div><p>ok</p>', "ok"),
    "brackets in values": ('<p title="1 < 2">a</p><img alt="x > y"><p>b</p>', "a\n\nb"),
    "what is no tag": ("a < b <script>if (a<b) '</p>'</script>&lt;c&gt;<!-- <p>x</p> -->", "a < b <c>"),
}


@pytest.mark.parametrize(("html", "reply"), PAGES.values(), ids=PAGES)
def test_a_page_alone_is_read_as_its_client_marked_it(html: str, reply: str) -> None:
    assert parse(page(html)).reply_text == reply


@pytest.mark.parametrize(
    "html",
    [
        f'Hi,<div class="gmail_quote">{GMAIL}<blockquote class="gmail_quote">a?</blockquote>b'
        '<blockquote class="gmail_quote">c?</blockquote>d</div>',
        '<blockquote type="cite">a?</blockquote>b<blockquote type="cite">c?</blockquote>d',
        f'x<div class="gmail_quote">{GMAIL.replace("On Wed", "---------- Forwarded message ---------<br>")}old</div>',
    ],
)
def test_answers_between_quotes_and_passed_on_pages_stay_whole(html: str) -> None:
    read = parse(page(html))
    assert read.reply_text == read.text


def test_a_page_does_not_cut_what_its_text_keeps() -> None:
    plain = "在 2020/4/1 10:00, 李 写道:\n> 一？\n甲\n> 二？\n乙"
    html = (
        '<p>在 2020/4/1 10:00, 李 写道:</p><blockquote type="cite">一？</blockquote>甲'
        '<blockquote type="cite">二？</blockquote>乙'
    )
    raw = multipart("alternative", part("text/plain; charset=utf-8", plain), part("text/html; charset=utf-8", html))
    assert parse(raw).reply_text == plain


def test_the_new_text_of_qq_is_no_quote() -> None:
    assert parse(page('<div class="qmbox"><p>改好了</p></div>')).reply_text == "改好了"


def test_the_whole_text_is_kept_beside_the_reply() -> None:
    text = f"{REPLY}\n\n{CHINESE['QQ']}"
    read = parse(mail(text))
    assert (read.text, read.reply_text) == (text, REPLY)
