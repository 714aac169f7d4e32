// The customer's telephone: a thread of texts per number, one of them open, or a call.

import { ask, at, post } from "./api.js";
import { line, moment, separator } from "./bubbles.js";
import { button, drawing, make, sendsOnEnter } from "./make.js";
import { words } from "./words.js";

const state = { user: null, texts: new Map(), peers: [], read: new Set(), place: "list", peer: "", notice: null, view: null };
const call = make("div", "handset-call"); // stays, so that calls ring and go on while texts are read
const calling = import("./call.js").then(module => module.mountCall, () => null); // a simulator without calls has none

export function forgetPhone() {
  Object.assign(state, { user: null, texts: new Map(), peers: [], read: new Set(), place: "list", peer: "" });
  at("handset").replaceChildren();
}

/** What came since the last time. What is being written stays as it is. */
export function takeTexts(news, { user, notice, view }) {
  const another = state.user?.number !== user.number;
  Object.assign(state, { user, notice, view, peers: news.peers });
  for (const text of news.items) state.texts.set(text.n, text);
  if (another) mountFor(user);
  if (another || state.place === "list") return showPhone();
  if (state.place === "thread") news.items.filter(text => text.peer === state.peer).forEach(put);
}

export function showPhone() {
  if (state.user) SHOWS[state.place]();
}

function go(place, peer = state.peer) {
  Object.assign(state, { place, peer });
  showPhone();
}

const textsWith = peer => [...state.texts.values()].filter(text => text.peer === peer);
const nameOf = peer => state.peers.find(each => each.number === peer)?.name || peer;

function back() {
  const shown = button("mail-back", "‹", () => go("list"));
  shown.setAttribute("aria-label", words().back);
  return shown;
}

// -- threads -------------------------------------------------------------------------------------------------------

/** Those with whom there are texts, newest first, then those one could write to. */
function showList() {
  const newest = [...state.texts.values()].reverse().map(text => text.peer);
  const numbers = [...new Set([...newest, ...state.peers.map(peer => peer.number)])];
  const head = make("div", "mail-head", make("p", "mail-address", state.user.number));
  calling.then(mountCall => mountCall && head.append(button("mail-main", words().phoneCall, () => go("call"))));
  const list = make("ul", "mail-list", ...numbers.map(threadRow));
  list.setAttribute("aria-label", words().threads);
  at("handset").replaceChildren(head, numbers.length ? list : make("p", "mail-none", words().nobodyToText));
}

function threadRow(peer) {
  const texts = textsWith(peer);
  const last = texts.at(-1);
  const unread = texts.some(text => text.from === "shop" && !state.read.has(text.n));
  const row = button(unread ? "mail-row mail-unread" : "mail-row", "", () => go("thread", peer));
  const top = make("span", "mail-row-top", make("span", "mail-who", nameOf(peer)), make("span", "mail-when", last ? moment(last.at) : ""));
  if (unread) top.prepend(make("span", "unseen", words().unread));
  row.append(top, make("span", "mail-subject", peer), make("span", "mail-snippet", last ? snippet(last) : words().noTexts));
  return make("li", "", row);
}

const snippet = text => text.text || (text.media.length ? `[${words().tools.image}]` : "");

// -- one thread ----------------------------------------------------------------------------------------------------

function showThread() {
  const peer = state.peers.find(each => each.number === state.peer);
  const name = make("h2", "mail-title", nameOf(state.peer), make("span", "texts-number", state.peer));
  const texts = make("div", "texts");
  texts.id = "texts";
  texts.setAttribute("role", "log");
  texts.setAttribute("aria-label", words().textsWith(nameOf(state.peer)));
  texts.tabIndex = 0;
  texts.addEventListener("load", showNewest, true);
  at("handset").replaceChildren(make("div", "mail-head", back(), name), texts, ...(peer ? [composer(peer)] : []));
  textsWith(state.peer).forEach(put);
}

function put(text) {
  const texts = at("texts");
  const known = texts.querySelector(`[data-text="${text.n}"]`);
  const element = make("div", "", ...linesOf(text));
  element.dataset.text = text.n;
  state.read.add(text.n);
  if (known) return known.replaceWith(element);
  const time = separator(text, textsWith(state.peer).findLast(each => each.n < text.n));
  if (time) texts.append(time);
  texts.append(element);
  showNewest();
}

const showNewest = () => (at("texts").scrollTop = at("texts").scrollHeight);

/** A bubble for each file and one for the words; the last one says what became of them. */
function linesOf(text) {
  const files = text.media.map(({ url, mime }) => (mime.startsWith("image/") ? { type: "image", image_url: url } : { type: mime }));
  const parts = [...files, ...(text.text ? [{ type: "text", text: text.text }] : [])];
  const shown = { shop: nameOf(state.peer), user: state.user.name, view: state.view };
  const last = parts.length - 1;
  const lines = parts.map((part, number) => line({ ...part, n: text.n, from: text.from, push: number === last && text.push }, shown));
  if (text.push?.outcome === "delivered") lines[last].querySelector(".content").append(make("p", "fate", words().textDelivered));
  return lines;
}

// -- writing -------------------------------------------------------------------------------------------------------

function composer(peer) {
  const field = make("textarea");
  Object.assign(field, { rows: 1, placeholder: words().text, autocomplete: "off", enterKeyHint: "send" });
  field.setAttribute("aria-label", words().text);
  const ready = make("button", "texts-send", words().send);
  ready.type = "submit";
  const form = make("form", "composer", ...(peer.media ? [picker(peer)] : []), field, ready);
  const fits = () => (ready.disabled = !field.value.trim());
  const send = async event => {
    event?.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    fits();
    if (!(await attempt(() => post(textsPath(), { to: peer.number, text }))) && !field.value) field.value = text;
    fits();
  };
  form.addEventListener("submit", send);
  field.addEventListener("input", fits);
  sendsOnEnter(field, send);
  fits();
  return form;
}

function picker(peer) {
  const input = make("input", "unseen");
  Object.assign(input, { type: "file", accept: "image/png,image/jpeg,image/gif" });
  input.setAttribute("aria-label", words().image);
  input.addEventListener("change", () => {
    const body = new FormData();
    body.append("to", peer.number);
    body.append("media", input.files[0]);
    input.value = "";
    attempt(() => ask(textsPath(), { method: "POST", body }));
  });
  return make("label", "round plus texts-picture", input, drawing("image"));
}

const textsPath = () => `phones/${encodeURIComponent(state.user.number)}/texts`;

async function attempt(act) {
  try {
    await act();
    return true;
  } catch {
    state.notice(words().notSent);
    return false;
  }
}

// -- calls ---------------------------------------------------------------------------------------------------------

function showCall() {
  at("handset").replaceChildren(make("div", "mail-head", back(), make("h2", "mail-title", words().phoneCall)), call);
}

async function mountFor({ name, number }) {
  (await calling)?.(call, { name, phone: number });
}

// whoever is called hears it, whatever they are reading
new MutationObserver(() => {
  if (state.user && state.place !== "call" && call.querySelector(".call-rings")) go("call");
}).observe(call, { subtree: true, attributes: true, attributeFilter: ["class"] });

const SHOWS = { list: showList, thread: showThread, call: showCall };
