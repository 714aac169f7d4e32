"""What mail programs write around quotes, signatures and footers: words and patterns, each seen in real mail."""

from __future__ import annotations

import re

OWN_MARKER = "##- 请在此线上方回复 / reply above this line -##"

FORWARDED = re.compile(
    r"\s*(?:fwd?|wg|tr|vs|vb|vl|enc|rv|i|doorst|pd|转发|轉寄|轉發|转寄)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]", re.IGNORECASE
)
OWN = re.compile(r"请在此线上方回复|reply above this line", re.IGNORECASE)

ORIGINAL = (
    r"原始邮件|原始郵件|原始信件|邮件原件|郵件原件|原邮件|原郵件|原始消息|原始訊息|原始信息"
    r"|回复的原邮件"
    r"|回复的邮件|回復的原郵件"
    r"|回复邮件|引用邮件|Original(?:[ -]?(?:Messages?|Mail|E-?mail|Appointment))?|Replied[ ]Message|Reply[ ]message"
    r"|Urspr[üu]ngliche[ ](?:Nachricht|Mail|E-Mail)|Message[ ]d['’]origine|Mensaje[ ]original|Mensagem[ ]original"
    r"|Messaggio[ ]originale|Oorspronkelijk[ ]bericht|Ursprungligt[ ]meddelande|Oprindelig[ ]meddelelse"
    r"|Opprinnelig[ ]melding|Alkuper[äa]inen[ ]viesti|Wiadomo[śs][ćc][ ]oryginalna|元のメッセージ|원본[ ]메[시세]지"
    r"|Исходное[ ]сообщение|Original[ ]message|In[ ]reply[ ]to"
)
# NetEase's, which its users also answer with
PASSED_ON = r"转发邮件信息|转发的邮件|转发邮件|轉寄郵件|轉寄的郵件|轉發郵件|Forwarding messages"
FORWARD = (
    r"Forwarded(?:[ ](?:message|mail|by)[^-]{0,60})?|Weitergeleitete[ ]Nachricht|Message[ ]transf[ée]r[ée]"
    r"|Mensaje[ ]reenviado|Mensagem[ ]encaminhada|Messaggio[ ]inoltrato|Doorgestuurd[ ]bericht"
    r"|Пересылаемое[ ]сообщение|Przekazana[ ]wiadomość"
)
# Possessive: a line of two thousand dashes is looked at once
SEPARATOR = re.compile(
    rf"(?<![-_—–*=])[-_—–*=]{{2,}}+[ >]*+(?:(?P<forward>{FORWARD})|{ORIGINAL}|{PASSED_ON})[ :：]*[-_—–*=]{{2,}}",
    re.IGNORECASE,
)
SEPARATORS_ALONE = {"原始消息", "原始訊息", "原始邮件", "原始郵件", "转发邮件", "original message"}
FORWARD_ALONE = re.compile(
    r"(?:Begin forwarded message|开始转发的邮件|開始轉寄郵件|Début du message (?:réexpédié|transféré)"
    r"|Anfang der weitergeleiteten (?:E-Mail|Nachricht)|Inicio del mensaje reenviado"
    r"|Inizio messaggio inoltrato)\s*[:：]",
    re.IGNORECASE,
)
DRAWN = re.compile(r"--|__|——|–|\*\*|==|-—")
RULE = re.compile(r"[_—]{10,}|[-=]{20,}|[*]{20,}")

# Labels of a quoted mail's head, such as `发件人：`, `*From:*`, `| 收件人 |`, `主　题：`
SENDER_LABELS = frozenset({
    "发件人", "寄件者", "寄件人", "发件者", "發件人", "发信人", "寄信人", "由", "差出人", "送信者", "보낸사람", "보낸",
    "from", "von", "de", "da", "från", "fra", "van", "od", "от", "lähettäjä", "expéditeur", "отправитель",
})  # fmt: skip
# Words of mail alone: a parcel too has a sender, a recipient and a date
SURE_LABELS = frozenset({
    "发送时间", "发送日期", "发信时间", "发件时间", "發送時間", "傳送時間", "寄件日期", "寄送日期", "已发送", "已傳送",
    "抄送人", "抄送", "抄送至", "副本", "密送", "密件抄送", "主题", "主題", "主旨", "标题", "标題", "件名", "送信日時",
    "sent", "senttime", "sendtime", "gesendet", "betreff", "envoyé", "objet",
    "enviado", "enviada", "asunto", "assunto", "inviato", "oggetto", "skickat", "ämne", "sendt", "emne", "onderwerp",
    "verzonden", "wysłano", "temat", "отправлено", "тема", "제목", "보낸날짜", "aihe", "lähetetty", "předmět",
})  # fmt: skip
OTHER_LABELS = frozenset({
    "发送", "日期", "时间", "時間", "收件人", "收件者", "收信人", "宛先", "日付", "答复", "回复", "回复至", "附件",
    "date", "to", "an", "datum", "à", "a", "para", "data", "till", "til", "aan", "do", "кому", "дата", "받는사람",
    "subject", "cc", "bcc", "reply-to", "organization", "attachments", "importance", "vastaanottaja", "komu",
})  # fmt: skip
LABELS = SENDER_LABELS | SURE_LABELS | OTHER_LABELS
LABEL = re.compile(r"[>|\s*]*+([^\W\d_][\w\s-]{0,15}?)\s*+\**+\s*+[:：|]")

# The line that says who wrote what follows
VERB = re.compile(
    r"写道|寫道|写到|寫到|来信|编写|撰写|撰寫|提到|之銘言|之铭言|\bwrote\b|\bwrites\b|\bsays\b|schrieb|geschrieben|schreef"
    r"|geschreven|[ée]crit"
    r"|escribi[óo]|scritto"
    r"|escreveu|skrev|kirjoitti|napisa[łl]|\bpisze\b|napsal|napísal|\bírta\b|đã viết|\ba scris\b|έγραψε|написа"
    r"|пишет|пише"
    r"|yazdı|kirjutas|menulis|כתב|كتب|เขียน|va escriure|書きました|のメッセージ|のメール|작성|\bPosted by\b",
    re.IGNORECASE,
)
OPENER = re.compile(
    r"[>\s*]*(?:On|At|Le|Am|El|Il|Op|Em|Den|På|W dniu|Dnia|В|Ven|Lun|Mar|Mer|Jeu|Sam|Dim|In article|In message"
    r"|Quoting|Vào|Dne|Dňa|Posted by|引用|在|于|於|自)\b"
    r"|※ 引述"
    r"|[>\s*]*(?:在|于|於)\s*[\d一二三四五六七八九十周星期]",
    re.IGNORECASE,
)
ENDS = (":", "：", ">", "：*", ":*", "道", "wrote", "...", "»", "wrote ----", "写 ----", "道 ----", "=====")
ADDRESS = re.compile(r"[<\[(（]?[\w.+=-]{1,64}@[\w.-]{1,255}|<mailto:")
WHEN = re.compile(
    r"\d{4}\s?[-/.年]\s?\d{1,2}|\d{1,2}[:：]\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|[上下中]午|\d\s*月"
    r"|\b\d{1,2}\.? (?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])|\b(?:jan|feb|mar|apr|may|jun"
    r"|jul|aug|sep|oct|nov|dec)[a-z]* \d",
    re.IGNORECASE,
)
# `2012/11/12 Name <name@example.com>`, with nothing that says "wrote"
DATED_ADDRESS = re.compile(
    r"\s*(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{4}).{0,120}<[^<>\s]{1,200}>\s*[:：]?\s*"
)
# `вт, 22 дек. 2020 г. в 14:17, Name <name@example.com>:`, in whatever language: a time, and an address before the colon
TIMED_ADDRESS = re.compile(
    r"[^:：<>]{0,60}\d{1,2}[:：.]\d{2}\b[^<>]{0,120}<[^<>\s@]{1,64}@[^<>\s]{1,200}>[^\w\s]{0,2}\s*[:：]"
)
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
# `X说：` or `* X <x@y> [2020-04-22 13:17]:`, where quoted lines follow
INTRODUCTION = re.compile(
    r".{1,60}(?:说|說|写道?|寫道?|回复|said|says)\s?[:：]|.{0,100}\S@\S.{0,100}[:：]"
    r"|(?:\d{4}[-/.年]|\d{1,2}[./]\d{1,2}[./]).{1,80}[:：]"
)
DATE_ALONE = re.compile(r"\s*\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?(?:\s*\d{1,2}:\d{2}(?::\d{2})?)?\s*")
ADDRESS_ALONE = re.compile(r"\s*<?[\w.+=-]{1,64}@[\w.-]{1,255}>?\s*")

MOBILE = re.compile(
    r"\s*[\[(（【]?\s*(?:发自(?:我的|我|于)?.{0,40}|寄自.{0,30}|(?:从|由|用|通过|從)(?:我的.{0,30}|.{0,20}(?:手机"
    r"|手機|邮箱|邮件|郵件|客户端|[A-Za-z]{4,20}).{0,20}?)(?:发送|寄出|發送|发出|傳送)"
    r"|[发發傳传]送自.{0,40}|来自.{0,20}(?:iPhone|iPad|Android|手机|邮箱|客户端).{0,20}"
    r"|(?:获取|取得|下载|取得適用於|获取适用于).{0,20}Outlook.{0,40}|获取适用于.{0,20}的.{0,20}|使用.{1,20}邮箱发送"
    r"|签名由.{0,20}定制|Signature (?:is )?customized by .{1,40}|已使用.{1,60}发送"
    r"|Sent (?:from|via|with|using) .{1,60}|Get (?:Outlook|BlueMail) for .{1,40}"
    r"|Envoyé (?:de(?:puis)?|à partir) .{1,60}|(?:Télécharger|Obtenir) .{0,40}Outlook.{0,40}"
    r"|(?:Von|Vom) mein.{1,40} (?:gesendet|aus)|Gesendet (?:von|mit|über|aus) .{1,60}|Outlook für .{1,80}beziehen"
    r"|Diese Nachricht wurde von .{1,60}gesendet|Enviad[oa] (?:desde|do|a partir d|de mi|del|via) ?.{1,60}"
    r"|(?:Obter o|Obtener|Baixar o|Ottieni|Scarica|Hämta|Hent|Download|Hanki|Pobierz|Скачать) Outlook.{0,40}"
    r"|Inviat[oa] da.{1,60}|Verzonden (?:vanaf|met|via) .{1,60}|Outlook voor .{1,80}downloaden"
    r"|Skickat från.{1,60}|Sendt (?:fra|via) .{1,60}|Lähetetty .{1,60}|Wysłane? z .{1,60}|Odesláno z .{1,60}"
    r"|Отправлено (?:с|из|от) .{1,60}|iPhoneから送信|.{1,30}から送信|나의 .{1,20}에서 보냄|.{1,20}에서 보낸 .{1,20}"
    r")\s*[\])）】。.]*[-_—]*(?:\s*[<(]?https?://\S{1,200})?\s*",
    re.IGNORECASE,
)
DELIMITER = re.compile(r"\s*(?:--|—|——|–|__+|ᐧ|-- {0,3}|__{1,}\s*|\*{5,}|~{3,}|#{5,}|={5,}|-{3,}|-=-.*)\s*")
SURE_DELIMITER = re.compile(r"(?:--\s*|——?\s*|__+\s*|ᐧ\s*)")
BULK = re.compile(
    r"unsubscribe|mailing list|listinfo|list-?archive|取消订阅|退订|google groups|邮件列表|_{5,}.{0,60}list"
    r"|to post to this"
    r"|for additional commands"
    r"|confidential|privileged|保密|机密|机密信息|机密資訊|免责|disclaimer|tel|phone|mobile|电话|手机|传真|fax"
    r"|地址|www\.|https?://|@"
    r"|邮编|qq\s*[:：]",
    re.IGNORECASE,
)
LIST_FOOTER = re.compile(
    r"To unsubscribe|unsubscribe,? (?:from|e-?mail|send|visit)|You received this message because|mailing list\b"
    r"|listinfo|For additional commands"
    r"|取消订阅|退订此|要?退订|要取消订阅|View (?:it|this|the) (?:on|discussion|message)"
    r"|Reply to this email directly|邮件列表$",
    re.IGNORECASE,
)
FOOTER = re.compile(
    r"(?:本|此|该|這封|这封|本封)(?:电子|電子)?(?:邮件|郵件|信件|メール)(?:及其?|和|与|以及|中|内|的|所|含|包"
    r"|可能|（|\(|,|，).{0,200}(?:保密|机密|機密|秘密|专有"
    r"|隐私|隱私|法律)"
    r"|保密(?:声明|提示|条款|警告)|免责声明|机密声明|【?邮件保密"
    r"|(?:This|The|the information (?:contained )?in this) (?:e-?mail|message|communication"
    r"|transmission).{0,200}(?:confidential|privileged|intended)"
    r"|^\s*\**(?:CONFIDENTIALITY|DISCLAIMER|IMPORTANT NOTICE|LEGAL NOTICE)\b",
    re.IGNORECASE,
)
BANNER = re.compile(
    r"\s*[\[【(（*!！⚠️]*\s*(?:(?:注意|提示|警告|提醒|安全提示|外部邮件|【外部)\s*[!！:：】\]]?.{0,60}(?:外部"
    r"|公司外|组织外|外网|来源不明|陌生)"
    r"|(?:CAUTION|WARNING|ATTENTION|NOTICE|EXTERNAL(?: E-?MAIL| SENDER)?)\s*[:：\]].{0,200}(?:external|outside"
    r"|originated|links|sender)"
    r"|(?:此|该|这封|本)邮件(?:来自|源自)(?:于)?(?:公司|组织|企业)?外部|\[?EXTERNAL\]?\s*$|This (?:e-?mail"
    r"|message) (?:originated"
    r"|came|is) from (?:an )?(?:outside|external))",
    re.IGNORECASE,
)
# What Coremail makes of the addresses in a quote that it takes for tags: `</li@example.com></dev@example.org>`
RECIPIENTS = re.compile(r"(?:</[^<>\s@]{1,64}@[^<>\s]{1,200}>)+\s*")
QUOTED = re.compile(r">(?!>>>>>> )|＞|\|>|: \S")
INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060\ufeff\u00ad]")
