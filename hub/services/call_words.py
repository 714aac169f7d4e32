"""What callers and agents hear from the hub itself."""

from __future__ import annotations

from channels.voice import Language

WORDS: dict[Language, dict[str, str]] = {
    "zh-CN": {
        "greeting": "您好，感谢来电。",
        "recorded": "为保证服务质量，本次通话可能会被录音。",
        "menu": "{what}，请按{digit}。",
        "person": "人工服务，请按零。",
        "speak": "您也可以直接说出您的问题。",
        "moment": "请稍等。",
        "again": "抱歉，我没有听清，请您再说一遍。",
        "go_on": "请问还有什么可以帮您？",
        "queued": "正在为您接通人工客服。",
        "position": "您前面还有{ahead}位，请稍候。如果不想等待，请按一，我们会给您回电。",
        "next": "您是下一位，请稍候。如果不想等待，请按一，我们会给您回电。",
        "connecting": "正在接通，请稍候。",
        "nobody": "很抱歉，现在没有客服人员可以接听。",
        "closed": "很抱歉，现在是非工作时间。",
        "offer": "请在提示音后留言，留言结束后挂机或按井号键。如需我们给您回电，请按一。",
        "thanks": "您的留言已收到，我们会尽快与您联系。再见。",
        "nothing": "没有收到您的留言。再见。",
        "callback": "好的，我们会尽快给您回电。再见。",
        "goodbye": "感谢您的来电，再见。",
        "announce": "客服来电，请稍候。",
        "ring_in": "{who}来电，按一接听。",
        "ring_out": "按一呼叫{who}。",
        "transfer": "同事转给您{who}的来电，按一接听。",
        "taken": "这个来电已经有人接听了。再见。",
        "customer": "客户",
        "busy": "对方正忙，请稍后再拨。",
        "no_answer": "对方没有接听。",
        "failed": "呼叫没有接通。",
        "cancelled": "呼叫已取消。",
        "trouble": "系统繁忙，请不要挂机。",
    },
    "en": {
        "greeting": "Hello, and thank you for calling.",
        "recorded": "This call may be recorded.",
        "menu": "For {what}, press {digit}.",
        "person": "To talk to a person, press zero.",
        "speak": "Or simply say what you need.",
        "moment": "One moment, please.",
        "again": "Sorry, I did not hear you. Could you say that again?",
        "go_on": "Is there anything else I can do for you?",
        "queued": "I am connecting you to one of my colleagues.",
        "position": "Callers before you: {ahead}. If you would rather not wait, press one and we call you back.",
        "next": "You are next in line. If you would rather not wait, press one and we call you back.",
        "connecting": "Connecting you now.",
        "nobody": "I am sorry, nobody can take your call at the moment.",
        "closed": "I am sorry, we are closed at the moment.",
        "offer": "Please leave a message after the beep, and hang up or press the hash key when you are done. "
        "If you would like us to call you back, press one.",
        "thanks": "Thank you, we have your message and will get back to you soon. Goodbye.",
        "nothing": "I did not get a message. Goodbye.",
        "callback": "Thank you, we will call you back soon. Goodbye.",
        "goodbye": "Thank you for calling. Goodbye.",
        "announce": "This is customer service. One moment, please.",
        "ring_in": "{who} is calling. Press one to answer.",
        "ring_out": "Press one to call {who}.",
        "transfer": "A colleague passes {who} on to you. Press one to answer.",
        "taken": "Somebody else has answered this call. Goodbye.",
        "customer": "A customer",
        "busy": "The line is busy. Please try again later.",
        "no_answer": "They do not answer.",
        "failed": "The call could not be connected.",
        "cancelled": "The call was cancelled.",
        "trouble": "We are having technical difficulties. Please stay on the line.",
    },
}


def words(language: Language, name: str, **gaps: object) -> str:
    return WORDS[language][name].format(**gaps)
