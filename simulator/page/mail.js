// The customer's mail program: threads, one of them open, or the sheet to write on.

import { at, post } from "./api.js";
import { moment } from "./bubbles.js";
import { letterCard } from "./letter.js";
import { button, make } from "./make.js";
import { sheet } from "./sheet.js";
import { words } from "./words.js";

const state = { user: null, letters: new Map(), read: new Set(), view: "list", thread: null, notice: () => {} };

export function forgetMail() {
  Object.assign(state, { letters: new Map(), read: new Set(), view: "list", thread: null });
  at("mail").replaceChildren();
}

/** What came since the last time. What is being written stays as it is. */
export function takeMail(news, { user, notice }) {
  const another = state.user?.address !== user.address;
  Object.assign(state, { user, notice });
  const fresh = news.items.filter(letter => !state.letters.has(letter.n)); // own ones may be here already
  for (const letter of fresh) state.letters.set(letter.n, letter);
  if (another || state.view === "list") return showMail();
  if (state.view === "thread") fresh.filter(letter => letter.thread === state.thread).forEach(addToOpen);
}

export function showMail() {
  if (!state.user) return;
  if (state.view === "list") showList();
  if (state.view === "thread") showThread();
}

function go(view, thread = null) {
  Object.assign(state, { view, thread });
  showMail();
}

const lettersOf = thread => [...state.letters.values()].filter(letter => letter.thread === thread);
const nameOf = person => person.name || person.address;

// -- threads -------------------------------------------------------------------------------------------------------

function showList() {
  const threads = new Map();
  for (const letter of state.letters.values()) threads.set(letter.thread, [...(threads.get(letter.thread) || []), letter]);
  const newest = [...threads.values()].sort((one, other) => other.at(-1).n - one.at(-1).n);
  const head = make("div", "mail-head", make("p", "mail-address", state.user.address),
    button("mail-main", words().compose, () => showSheet(null)));
  const list = make("ul", "mail-list", ...newest.map(threadRow));
  list.setAttribute("aria-label", words().mails);
  const focused = document.activeElement?.dataset?.thread;
  at("mail").replaceChildren(head, newest.length ? list : make("p", "mail-none", words().noMails));
  if (focused) at("mail").querySelector(`[data-thread="${focused}"]`)?.focus();
}

function threadRow(letters) {
  const last = letters.at(-1);
  const unread = letters.some(letter => !letter.own && !state.read.has(letter.n));
  const who = [...new Set(letters.map(letter => (letter.own ? words().you : nameOf(letter.from))))].join(", ");
  const count = letters.length > 1 ? ` ${letters.length}` : "";
  const row = button(unread ? "mail-row mail-unread" : "mail-row", "", () => go("thread", last.thread));
  row.dataset.thread = last.thread;
  const top = make("span", "mail-row-top", make("span", "mail-who", who + count), make("span", "mail-when", moment(last.at)));
  if (unread) top.prepend(make("span", "unseen", words().unread));
  row.append(top, make("span", "mail-subject", letters[0].subject || words().noSubject), make("span", "mail-snippet", last.text.slice(0, 120)));
  return make("li", "", row);
}

// -- one thread ----------------------------------------------------------------------------------------------------

function showThread() {
  const letters = lettersOf(state.thread);
  const back = button("mail-back", "‹", () => go("list"));
  back.setAttribute("aria-label", words().back);
  const head = make("div", "mail-head", back, make("h2", "mail-title", letters[0].subject || words().noSubject));
  const cards = make("div", "mail-cards");
  cards.id = "mail-cards";
  cards.setAttribute("role", "log");
  cards.tabIndex = 0;
  const answer = make("div", "mail-foot", button("mail-main", words().reply, () => showSheet(lettersOf(state.thread))));
  at("mail").replaceChildren(head, cards, answer);
  letters.forEach(addToOpen);
  back.focus();
}

function addToOpen(letter) {
  state.read.add(letter.n);
  const cards = at("mail-cards");
  cards.append(letterCard(letter, state.user));
  cards.scrollTop = cards.lastElementChild.offsetTop - cards.offsetTop;
}

// -- writing -------------------------------------------------------------------------------------------------------

/** A new mail, or an answer to the newest of the others' mails in a thread, else to the newest. */
function showSheet(letters) {
  const thread = letters && state.thread;
  state.view = "write";
  const answered = letters && (letters.findLast(letter => !letter.own) || letters.at(-1));
  const leave = () => (thread === null ? go("list") : go("thread", thread));
  const send = async draft => {
    const sent = await post(`mail/people/${encodeURIComponent(state.user.address)}/mails`, draft);
    state.letters.set(sent.n, sent);
    go("thread", sent.thread);
  };
  at("mail").replaceChildren(sheet({ answered, user: state.user, send, leave, notice: state.notice }));
  at("mail").querySelector(answered ? "textarea" : "[name=subject]").focus();
}
