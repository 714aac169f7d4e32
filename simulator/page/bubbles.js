// One line of the chat as elements: bubbles, cards, time separators, what became of an own message.

import { locale, reasonInWords, words } from "./words.js";

const NEW_SEPARATOR_AFTER = 300;
const LINK = /<a\s[^>]*?href="(https?:\/\/[^"]*)"[^>]*>([^<]*)<\/a>|(https?:\/\/[^\s<>"，。！？、；：）】」]+)/g;
const AVATAR_COLOURS = 6;

export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Plain text; only addresses and WeChat's own <a href> become links. */
function textNodes(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(LINK)) {
    nodes.push(text.slice(end, found.index), link(found[1] || found[3], found[2] || found[3]));
    end = found.index + found[0].length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

function link(address, text) {
  const anchor = make("a", "", text);
  anchor.href = address;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  return anchor;
}

function picture(address, className, alt) {
  const image = make("img", className);
  image.src = address;
  image.alt = alt;
  return image;
}

function imageBubble(item, view) {
  const button = make("button", "image", picture(item.image_url, "", ""));
  button.type = "button";
  button.setAttribute("aria-label", words().viewImage);
  button.addEventListener("click", () => view(item.image_url));
  return button;
}

function linkCard({ link: { title, description, url, thumb_url: cover } }) {
  const text = make("span", "card-text", make("span", "card-note", description || url));
  const shown = cover.startsWith("/") ? picture(cover, "card-thumb", "") : make("span", "card-thumb card-thumb-none");
  const card = make("a", "card", make("span", "card-title", title), make("span", "card-body", text, shown));
  card.href = /^https?:\/\//.test(url) ? url : "#";
  card.target = "_blank";
  card.rel = "noopener noreferrer";
  return card;
}

function miniProgramCard({ card: { title, page_path: path, cover_url: cover } }, shop) {
  const top = make("span", "card-shop", make("span", "card-dot"), shop);
  const card = make("div", "card", top, make("span", "card-title", title));
  if (cover) card.append(picture(cover, "card-cover", ""));
  card.append(make("span", "card-foot", words().miniProgram));
  card.title = path;
  return card;
}

const SHAPES = {
  text: item => make("div", "bubble", ...textNodes(item.text)),
  image: (item, shop, view) => imageBubble(item, view),
  link: item => linkCard(item),
  miniprogrampage: (item, shop) => miniProgramCard(item, shop),
};

const unknown = item => make("div", "bubble bubble-odd", words().unsupportedShown(item.type));

function shape(item) {
  const carries = { image: item.image_url, link: item.link, miniprogrampage: item.card, text: "text" in item };
  return carries[item.type] ? SHAPES[item.type] : unknown;
}

function avatar(name, shop) {
  const element = make("span", "avatar", [...name][0] || "·");
  const colour = [...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % AVATAR_COLOURS;
  element.classList.add(shop ? "avatar-shop" : `avatar-${colour}`);
  element.setAttribute("aria-hidden", "true");
  return element;
}

function fate(push) {
  if (!push || push.outcome === "delivered") return null;
  if (push.outcome === "pending") return make("p", "fate", words().sending);
  const mark = make("span", "fate-mark", "!");
  mark.setAttribute("aria-hidden", "true");
  return make("p", "fate fate-failed", mark, words().failed(reasonInWords(push.reason)));
}

export function line(item, { shop, user, view }) {
  const own = item.from === "customer";
  const content = make("div", "content", shape(item)(item, shop, view));
  if (item.ai) content.append(make("p", "by-ai", words().byAI));
  const status = own && fate(item.push);
  if (status) content.append(status);
  const speaker = make("span", "unseen", own ? words().you : shop);
  const element = make("div", own ? "line own" : "line", avatar(own ? user : shop, !own), speaker, content);
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
