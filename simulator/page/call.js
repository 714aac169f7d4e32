// A telephone: dials the hub and rings, shows what is heard in it, says what is typed or spoken, and presses keys.

import { ask, post, sleep } from "./api.js";
import { button, make } from "./make.js";
import { locale } from "./words.js";

const WORDS = {
  "zh-CN": {
    call: number => `呼叫 ${number}`, again: "再次呼叫", calling: "正在呼叫…", incoming: "来电", talking: "通话中", ended: "通话已结束",
    accept: "接听", reject: "拒接", hangUp: "挂断", keypad: "拨号键盘", say: "说点什么…", speak: "说", transcript: "通话内容",
    aloud: "朗读", listen: "用麦克风说", noLine: "暂时没有可拨打的号码", offline: "模拟器未连接，正在重连…", failed: "没有成功，请再试一次",
    speaking: "正在播报", unheard: "对方没有在听", you: "我", machine: "语音", phone: number => `电话 ${number}`,
    kinds: {
      ringing: () => "等待接通…", rings: line => `${line.who} 来电`, music: () => "♪ 等候音乐", tones: line => `按键音 ${line.digits}`,
      beep: () => "嘀——", recording: () => "● 正在录音", connected: line => `已接通 ${line.who.join("、")}`,
      joined: line => `${line.who} 加入通话`, left: line => `${line.who} 离开通话`, ended: line => OUTCOMES["zh-CN"][line.status],
    },
  },
  en: {
    call: number => `Call ${number}`, again: "Call again", calling: "Calling…", incoming: "Incoming call", talking: "On the phone", ended: "Call ended",
    accept: "Accept", reject: "Decline", hangUp: "Hang up", keypad: "Keypad", say: "Say…", speak: "Say", transcript: "What is heard",
    aloud: "Read aloud", listen: "Use the microphone", noLine: "There is no number to call", offline: "Simulator not reachable, trying again…",
    failed: "That failed, please try again", speaking: "speaking", unheard: "nobody listened", you: "Me", machine: "Voice",
    phone: number => `Phone ${number}`,
    kinds: {
      ringing: () => "Waiting for an answer…", rings: line => `${line.who} is calling`, music: () => "♪ music", tones: line => `tones ${line.digits}`,
      beep: () => "Beep", recording: () => "● recording", connected: line => `Connected with ${line.who.join(", ")}`,
      joined: line => `${line.who} joined`, left: line => `${line.who} left`, ended: line => OUTCOMES.en[line.status],
    },
  },
};
const OUTCOMES = {
  "zh-CN": { completed: "通话结束", busy: "对方正忙", failed: "无法接通", "no-answer": "无人接听", canceled: "已取消" },
  en: { completed: "The call has ended", busy: "Busy", failed: "It could not be connected", "no-answer": "No answer", canceled: "Cancelled" },
};
const KEYS = [..."123456789*0#"];
const ONE_WORD = new Set(["ringing", "rings", "music", "tones", "beep", "recording", "connected", "joined", "left", "ended"]);
const WAIT = 20;
const AGAIN_AFTER = 1000;
const HEARS = window.SpeechRecognition || window.webkitSpeechRecognition;
const words = () => WORDS[locale()];

const mounted = new WeakMap(); // container -> what ends the phone that is in it

/** The phone of a person, {name, phone}, in place of what is in the container. Mounting again starts over. */
export function mountCall(container, person) {
  loadStyle();
  mounted.get(container)?.();
  const phone = new Telephone(container, person);
  mounted.set(container, () => phone.leave());
  phone.follow();
}

function loadStyle() {
  if (document.querySelector('link[href="/page/call.css"]')) return;
  const link = make("link");
  Object.assign(link, { rel: "stylesheet", href: "/page/call.css" });
  document.head.append(link);
}

const isLive = call => Boolean(call) && !call.ended_at;
const isTalking = call => call?.status === "in-progress";
const isIncoming = call => isLive(call) && !isTalking(call) && call.direction !== "inbound";
const farEnd = call => (call.direction === "inbound" ? call.to : call.from);

function clock(seconds) {
  const two = number => String(Math.floor(number)).padStart(2, "0");
  return `${two(seconds / 60)}:${two(seconds % 60)}`;
}

class Telephone {
  constructor(container, person) {
    Object.assign(this, { container, person, call: null, lines: new Map(), rev: null, boot: null, numbers: [], seen: performance.now(), readsNewest: true });
    this.ending = new AbortController();
    this.build();
    this.ticking = setInterval(() => this.tick(), 500);
  }

  leave() {
    this.ending.abort();
    clearInterval(this.ticking);
    this.sizes.disconnect();
    this.voice?.abort();
    window.speechSynthesis?.cancel();
  }

  // -- following

  async follow() {
    const { signal } = this.ending;
    while (!signal.aborted) {
      try {
        if (!this.numbers.length) this.numbers = (await ask("voice/numbers", { signal })).items;
        const since = this.rev === null ? "" : `?since=${this.rev}&boot=${this.boot}&wait=${WAIT}`;
        this.take(await ask(`voice/phones/${encodeURIComponent(this.person.phone)}${since}`, { signal }));
        this.offline.hidden = true;
      } catch {
        if (signal.aborted) return;
        this.offline.hidden = false;
        await sleep(AGAIN_AFTER);
      }
    }
  }

  take({ call, rev, boot }) {
    if (this.boot !== null && this.boot !== boot) Object.assign(this, { call: null, rev: null, numbers: [] });
    if (call?.sid !== this.call?.sid || this.boot !== boot) this.forget();
    Object.assign(this, { rev, boot, call, seen: performance.now() });
    for (const line of call?.lines || []) this.place(line);
    this.show();
  }

  forget() {
    this.lines = new Map();
    this.transcript.replaceChildren();
  }

  // -- what is done

  async attempt(act) {
    try {
      await act();
      this.notice.hidden = true;
      return true;
    } catch {
      this.notice.textContent = words().failed;
      this.notice.hidden = false;
      return false;
    }
  }

  dial(number) {
    return this.attempt(() => post("voice/calls", { from: this.person.phone, to: number }));
  }

  act(name, body) {
    return this.attempt(() => post(`voice/calls/${this.call.sid}/${name}`, body));
  }

  async say(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text) return;
    this.text.value = "";
    if (!(await this.act("say", { text })) && !this.text.value) this.text.value = text;
  }

  /** The browser's own recogniser, where there is one. */
  listen(on) {
    this.voice?.abort();
    this.voice = null;
    if (!on) return;
    const voice = Object.assign(new HEARS(), { lang: locale(), continuous: true });
    voice.addEventListener("result", event => {
      const { transcript, confidence } = event.results[event.results.length - 1][0];
      if (transcript.trim()) this.act("say", { text: transcript.trim(), confidence: confidence || null });
    });
    voice.addEventListener("end", () => this.voice === voice && isTalking(this.call) && voice.start());
    voice.start();
    this.voice = voice;
  }

  readAloud(line) {
    if (!this.aloud.checked || !["say", "other"].includes(line.kind)) return;
    const speech = new SpeechSynthesisUtterance(line.text);
    speech.lang = line.language || locale();
    window.speechSynthesis.speak(speech);
  }

  // -- what is seen

  build() {
    this.title = make("p", "call-who");
    this.state = make("p", "call-state");
    this.state.setAttribute("role", "status");
    this.time = make("p", "call-time");
    this.time.setAttribute("role", "timer");
    this.offline = make("p", "offline", words().offline);
    this.notice = make("p", "call-notice");
    this.notice.setAttribute("role", "alert");
    this.offline.hidden = this.notice.hidden = true;
    this.transcript = make("ol", "call-lines");
    this.transcript.setAttribute("role", "log");
    this.transcript.setAttribute("aria-label", words().transcript);
    this.transcript.tabIndex = 0;
    const hidden = ({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight;
    this.transcript.addEventListener("scroll", () => (this.readsNewest = hidden(this.transcript) < 60));
    this.sizes = new ResizeObserver(() => this.showNewest());
    this.sizes.observe(this.transcript);
    this.buttons = make("div", "call-buttons");
    this.controls = this.buildControls();
    const head = make("div", "call-head", this.title, this.state, this.time);
    this.container.replaceChildren(make("div", "call", this.offline, head, this.transcript, this.notice, this.controls, this.buttons));
  }

  buildControls() {
    this.text = make("input", "call-text");
    Object.assign(this.text, { placeholder: words().say, maxLength: 1000, autocomplete: "off", enterKeyHint: "send" });
    this.text.setAttribute("aria-label", words().say);
    const send = make("button", "call-speak", words().speak);
    send.type = "submit";
    const form = make("form", "call-say", this.text, send);
    form.addEventListener("submit", event => this.say(event));
    const keypad = make("div", "call-keys", ...KEYS.map(key => button("call-key", key, () => this.act("press", { digits: key }))));
    keypad.setAttribute("role", "group");
    keypad.setAttribute("aria-label", words().keypad);
    this.aloud = toggle(on => on || window.speechSynthesis.cancel());
    const listening = toggle(on => this.listen(on));
    const toggles = make("div", "call-toggles");
    if (window.speechSynthesis) toggles.append(make("label", "call-toggle", this.aloud, words().aloud));
    if (HEARS) toggles.append(make("label", "call-toggle", listening, words().listen));
    return make("div", "call-controls", form, keypad, toggles);
  }

  show() {
    const { call } = this;
    this.title.textContent = call ? farEnd(call) : this.person.name || words().phone(this.person.phone);
    this.state.textContent = !call ? this.person.phone : isTalking(call) ? words().talking : isIncoming(call) ? words().incoming
      : isLive(call) ? words().calling : words().ended;
    this.container.firstChild.classList.toggle("call-rings", isIncoming(call));
    this.controls.hidden = !isTalking(call);
    this.showButtons();
    this.tick();
  }

  /** Redrawn only when there are others: a press must not lose its button. */
  showButtons() {
    const { call } = this;
    const standing = isIncoming(call) ? "rings" : isLive(call) ? "live" : `idle ${this.numbers.map(each => each.number)}`;
    if (this.standing === standing) return;
    this.standing = standing;
    this.buttons.replaceChildren(...this.buttonsFor(standing));
  }

  buttonsFor(standing) {
    const hangUp = button("call-end", words().hangUp, () => this.act("hang_up"));
    if (standing === "live") return [hangUp];
    if (standing === "rings") {
      return [button("call-end", words().reject, () => this.act("reject")), button("call-start", words().accept, () => this.act("answer"))];
    }
    if (!this.numbers.length) return [make("p", "call-state", words().noLine)];
    return this.numbers.map(({ number }) => button("call-start", words().call(number), () => this.dial(number)));
  }

  tick() {
    const { call } = this;
    const since = isTalking(call) ? (performance.now() - this.seen) / 1000 : 0;
    this.time.textContent = call?.answered_at ? clock(call.seconds + since) : "";
  }

  showNewest() {
    if (this.readsNewest) this.transcript.scrollTop = this.transcript.scrollHeight;
  }

  place(line) {
    const known = this.lines.get(line.n);
    const element = lineElement(line);
    if (known) known.replaceWith(element);
    else this.transcript.append(element);
    this.lines.set(line.n, element);
    if (!known) this.readAloud(line);
    else if (line.cut && this.aloud.checked) window.speechSynthesis.cancel();
    this.showNewest();
  }
}

function toggle(changed) {
  const box = make("input");
  box.type = "checkbox";
  box.addEventListener("change", () => changed(box.checked));
  return box;
}

function lineElement(line) {
  if (ONE_WORD.has(line.kind)) return make("li", `call-event call-${line.kind}`, words().kinds[line.kind](line));
  const own = line.kind === "own" || line.kind === "keys";
  const who = own ? words().you : line.kind === "other" ? line.who : words().machine;
  const bubble = make("span", line.kind === "keys" ? "call-bubble call-pressed" : "call-bubble", line.text);
  if (line.language) bubble.lang = line.language;
  const element = make("li", own ? "call-line call-own" : "call-line", make("span", "call-by", who), bubble);
  if (line.over === false) element.append(make("span", "call-speaking", words().speaking));
  if (own && line.heard === false) element.append(make("span", "call-unheard", words().unheard));
  return element;
}
