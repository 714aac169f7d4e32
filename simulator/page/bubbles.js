// One line of the chat as elements: bubbles, cards, time separators, what became of an own message.

import { linkCard, miniProgramCard, musicCard, newsCard, noticeCard, placeCard } from "./cards.js";
import { button, drawing, leadsTo, make, picture } from "./make.js";
import { locale, reasonInWords, words } from "./words.js";

const NEW_SEPARATOR_AFTER = 300;
const LINK = /<a\s[^>]*?href="(https?:\/\/[^"]*)"[^>]*>([^<]*)<\/a>|(https?:\/\/[^\s<>"，。！？、；：）】」]+)/g;
const AVATAR_COLOURS = 6;
const SAMPLE = "/_sim/sample/voice"; // browsers play no AMR

/** Plain text; only addresses and WeChat's own <a href> become links. */
function textNodes(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(LINK)) {
    const address = found[1] || found[3];
    nodes.push(text.slice(end, found.index), leadsTo(address, make("a", "", found[2] || found[3])));
    end = found.index + found[0].length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

function imageBubble(item, { view }) {
  const shown = button("image", picture(item.image_url, ""), () => view(item.image_url));
  shown.setAttribute("aria-label", words().viewImage);
  return shown;
}

let playing = null;

function voiceBubble({ from, voice: { url, seconds } }) {
  const length = seconds === null ? words().voice : words().seconds(Math.max(1, Math.round(seconds)));
  const source = seconds === null ? url : from === "customer" ? SAMPLE : "";
  if (!source) return make("div", "bubble voice", drawing("waves"), length);
  const shown = button("bubble voice", length, () => {
    const again = playing?.shown === shown && !playing.sound.paused;
    playing?.sound.pause();
    if (again) return;
    const sound = new Audio(source);
    playing = { shown, sound };
    sound.addEventListener("play", () => shown.classList.add("voice-playing"));
    for (const end of ["pause", "ended"]) sound.addEventListener(end, () => shown.classList.remove("voice-playing"));
    sound.play();
  });
  shown.prepend(drawing("waves"));
  shown.setAttribute("aria-label", words().playVoice(length));
  return shown;
}

function videoBubble({ video: { url, cover_url: cover, title } }) {
  const shown = Object.assign(make("video", "video"), { src: url, controls: true, preload: "none", playsInline: true });
  if (cover) shown.poster = cover;
  shown.setAttribute("aria-label", title || words().types.video);
  return shown;
}

function menuBubble({ menu: { head, choices, tail } }, { choose }) {
  const list = make("div", "choices", ...choices.map(choice => button("choice", choice.text, () => choose(choice))));
  const parts = [head && make("p", "", ...textNodes(head)), list, tail && make("p", "", ...textNodes(tail))];
  return make("div", "bubble bubble-menu", ...parts.filter(Boolean));
}

const unknown = item => make("div", "bubble bubble-odd", words().unsupportedShown(item.type));

// type -> what the item must carry for it, and its shape
const SHAPES = {
  text: ["text", item => make("div", "bubble", ...textNodes(item.text))],
  image: ["image_url", imageBubble],
  voice: ["voice", voiceBubble],
  video: ["video", videoBubble],
  shortvideo: ["video", videoBubble],
  location: ["location", placeCard],
  link: ["link", linkCard],
  news: ["articles", newsCard],
  music: ["music", musicCard],
  msgmenu: ["menu", menuBubble],
  miniprogrampage: ["card", (item, { shop }) => miniProgramCard(item, shop)],
};

function shape(item) {
  const [carries, drawn] = SHAPES[item.type] || [];
  return carries in item ? drawn : unknown;
}

function avatar(name, shop) {
  const element = make("span", "avatar", [...name][0] || "·");
  const colour = [...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % AVATAR_COLOURS;
  element.classList.add(shop ? "avatar-shop" : `avatar-${colour}`);
  element.setAttribute("aria-hidden", "true");
  return element;
}

function fate(push) {
  if (!push || ["delivered", "held"].includes(push.outcome)) return null;
  if (push.outcome === "pending") return make("p", "fate", words().sending);
  const mark = make("span", "fate-mark", "!");
  mark.setAttribute("aria-hidden", "true");
  return make("p", "fate fate-failed", mark, words().failed(reasonInWords(push.reason)));
}

/** What is nobody's bubble: WeChat's own words, and notifications. */
function wide(item) {
  if (item.type === "notice") return make("p", "separator", item.text);
  return item.notice ? make("div", "line-wide", noticeCard(item)) : null;
}

function spoken(item, shown) {
  const { shop, user } = shown;
  const own = item.from === "customer";
  const content = make("div", "content", shape(item)(item, shown));
  if (item.kf) content.prepend(make("p", "nick", item.kf.nick));
  if (item.ai) content.append(make("p", "by-ai", words().byAI));
  const status = own && fate(item.push);
  if (status) content.append(status);
  const speaker = make("span", "unseen", own ? words().you : shop);
  return make("div", own ? "line own" : "line", avatar(own ? user : shop, !own), speaker, content);
}

/** `shown`: names of shop and user, and what a tap on a picture and on a choice does. */
export function line(item, shown) {
  const element = wide(item) || spoken(item, shown);
  element.dataset.n = item.n;
  return element;
}

export function separator(item, before) {
  if (before && item.at - before.at < NEW_SEPARATOR_AFTER) return null;
  return make("p", "separator", moment(item.at));
}

/** 14:05 today, 昨天 14:05, else with the date. */
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  const time = date.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", hour12: false });
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return time;
  if (days === 1) return `${words().yesterday} ${time}`;
  return `${date.toLocaleDateString(locale(), { month: "numeric", day: "numeric" })} ${time}`;
}
