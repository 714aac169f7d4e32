// The customer's phone: one chat that follows the simulator, and a panel that shows what WeChat would not.

import { line, make, moment, separator } from "./bubbles.js";
import { reasonInWords, switchLanguage, translatePage, words } from "./words.js";

const USER_KEPT_AS = "simulator-user";
const WAIT = 20;
const AGAIN_AFTER = 1000;
const PUSHES_SHOWN = 8;

const at = id => document.getElementById(id);
const chat = at("chat");
const state = { account: null, users: [], user: null, items: new Map(), news: null, rev: null, boot: null };
let following = new AbortController();
let readsNewest = true; // then what arrives, loads or shrinks the chat must not push the newest line out of sight

async function ask(path, options = {}) {
  const response = await fetch(`/_sim/${path}`, options);
  if (!response.ok) throw Object.assign(new Error(response.statusText), { status: response.status });
  return response.status === 204 ? null : response.json();
}

const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const sleep = milliseconds => new Promise(done => setTimeout(done, milliseconds));

// -- following the simulator ---------------------------------------------------------------------------------------

async function loadUsers() {
  const accounts = (await ask("accounts")).items;
  state.account = accounts[0];
  state.users = (await ask(`accounts/${state.account.app_id}/users`)).items.filter(user => !user.name.startsWith("burst "));
  const kept = sessionStorage.getItem(USER_KEPT_AS) || localStorage.getItem(USER_KEPT_AS);
  state.user = state.users.find(user => user.openid === kept) || state.users[0];
}

function forgetChat() {
  Object.assign(state, { items: new Map(), news: null, rev: null, boot: null });
  chat.replaceChildren();
  readsNewest = true;
}

async function follow(signal) {
  while (!signal.aborted) {
    try {
      if (!state.user) await loadUsers();
      const since = state.rev === null ? "" : `?since=${state.rev}&boot=${state.boot}&wait=${WAIT}`;
      const news = await ask(`users/${state.user.openid}/messages${since}`, { signal });
      if (signal.aborted) return;
      at("offline").hidden = true;
      take(news);
    } catch (error) {
      if (signal.aborted) return;
      at("offline").hidden = error.status === 404;
      if (error.status === 404) restart(); // the simulator came back without this user
      await sleep(AGAIN_AFTER);
    }
  }
}

function restart() {
  const hadMessages = state.items.size > 0;
  forgetChat();
  state.user = null;
  if (hadMessages) notice(words().restarted);
}

function take(news) {
  if (state.boot !== null && state.boot !== news.boot) return restart();
  Object.assign(state, { rev: news.rev, boot: news.boot, news });
  for (const item of news.items) place(item);
  showAround();
  if (readsNewest) scrollToEnd();
}

function place(item) {
  const known = state.items.has(item.n);
  state.items.set(item.n, item);
  const element = line(item, { shop: state.account.name, user: state.user.name, view: showImage });
  if (known) return chat.querySelector(`[data-n="${item.n}"]`).replaceWith(element);
  const time = separator(item, state.items.get(item.n - 1));
  if (time) chat.append(time);
  chat.append(element);
}

function choose(user) {
  sessionStorage.setItem(USER_KEPT_AS, user.openid);
  localStorage.setItem(USER_KEPT_AS, user.openid);
  following.abort();
  forgetChat();
  state.user = user;
  following = new AbortController();
  showAround();
  follow(following.signal);
}

const scrollToEnd = () => (chat.scrollTop = chat.scrollHeight);

// -- everything around the bubbles ---------------------------------------------------------------------------------

function showAround() {
  const { account, news, user } = state;
  at("title").textContent = news?.typing ? words().typing : account?.name || "";
  document.title = account ? `${account.name} · ${words().simulator}` : words().simulator;
  at("hints").hidden = !news || [...state.items.values()].some(item => item.from === "customer");
  showHints();
  showUsers(user);
  rows("allowances", (news?.allowances || []).map(allowanceRow), words().noAllowance);
  rows("pushes", (news?.pushes || []).slice(-PUSHES_SHOWN).reverse().map(pushRow), words().noPushes);
}

const rows = (id, elements, none) => at(id).replaceChildren(...(elements.length ? elements : [make("li", "none", none)]));

function allowanceRow({ action, left, limit, until }) {
  const name = action === "message" ? words().message : words().enterAct;
  return make("li", left ? "" : "used-up", make("span", "", name), make("span", "value", words().left(left, limit, moment(until))));
}

function pushRow({ type, outcome, tries, seconds, reason }) {
  const name = make("span", "", words().types[type] || type);
  const taken = outcome === "delivered" ? ` · ${Math.max(1, Math.round(seconds * 1000))} ms` : "";
  const told = { pending: words().pending, delivered: words().delivered, failed: words().lost }[outcome];
  const value = make("span", `value outcome-${outcome}`, `${told} · ${words().tries(tries)}${taken}`);
  const row = make("li", "", name, value);
  if (reason) row.append(make("span", "reason", reasonInWords(reason)));
  return row;
}

function showHints() {
  const chips = words().quick.map(text => {
    const chip = make("button", "chip", text);
    chip.type = "button";
    chip.addEventListener("click", () => say({ type: "text", content: text }));
    return chip;
  });
  at("hints").replaceChildren(make("p", "hints-title", words().started), ...chips);
}

let usersShown = "";

function showUsers(chosen) {
  const now = JSON.stringify([state.users, chosen?.openid, words().newUser]);
  if (now === usersShown) return; // keeps the focus where it is
  usersShown = now;
  const buttons = state.users.map(user => {
    const button = make("button", "user", user.name);
    button.type = "button";
    button.setAttribute("aria-pressed", String(user.openid === chosen?.openid));
    button.addEventListener("click", () => choose(user));
    return button;
  });
  const add = make("button", "user user-new", words().newUser);
  add.type = "button";
  add.addEventListener("click", () => attempt(addUser));
  at("users").replaceChildren(...buttons, add);
}

async function addUser() {
  const user = await post(`accounts/${state.account.app_id}/users`, { name: words().guest(state.users.length + 1) });
  state.users.push(user);
  choose(user);
}

function showImage(address) {
  at("viewed").src = address;
  at("viewer").showModal();
}

let noticeTimer = 0;

function notice(text) {
  at("notice").textContent = text;
  at("notice").hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (at("notice").hidden = true), 4000);
}

// -- what the customer does ----------------------------------------------------------------------------------------

async function attempt(act) {
  try {
    await act();
    return true;
  } catch {
    notice(words().notSent);
    return false;
  }
}

async function say(message) {
  readsNewest = true;
  return attempt(() => post(`users/${state.user.openid}/messages`, message));
}

async function sendText(event) {
  event?.preventDefault();
  const text = at("text").value.trim();
  if (!text || !state.user) return;
  at("text").value = "";
  fitText();
  if (!(await say({ type: "text", content: text })) && !at("text").value) at("text").value = text;
  fitText();
}

function fitText() {
  const text = at("text");
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
  at("send").disabled = !text.value.trim();
}

async function sendImage() {
  const [file] = at("image").files;
  at("image").value = "";
  if (!file) return;
  const body = new FormData();
  body.append("image", file);
  await attempt(() => ask(`users/${state.user.openid}/messages`, { method: "POST", body }));
}

function showPanel(open) {
  at("panel").classList.toggle("panel-open", open);
  at("open-panel").setAttribute("aria-expanded", String(open));
  at(open ? "close-panel" : "open-panel").focus();
}

chat.addEventListener("scroll", () => (readsNewest = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 60));
chat.addEventListener("load", () => readsNewest && scrollToEnd(), true);
new ResizeObserver(() => readsNewest && scrollToEnd()).observe(chat);

at("composer").addEventListener("submit", sendText);
at("text").addEventListener("input", fitText);
at("text").addEventListener("keydown", event => {
  // 229: Safari says so for the Enter that only ends a composition
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  sendText(event);
});
at("image").addEventListener("change", sendImage);
at("enter").addEventListener("submit", event => {
  event.preventDefault();
  attempt(() => post(`users/${state.user.openid}/enter`, { session_from: at("session-from").value }));
});
at("card").addEventListener("click", () =>
  say({ type: "miniprogrampage", title: words().cardTitle, page_path: "pages/order/detail?id=991" }));
at("unsupported").addEventListener("click", () =>
  say({ type: "location", fields: { Location_X: 23.134521, Location_Y: 113.358803, Scale: 20, Label: words().locationLabel } }));
at("open-panel").addEventListener("click", () => showPanel(true));
at("close-panel").addEventListener("click", () => showPanel(false));
document.addEventListener("keydown", event => {
  if (event.key === "Escape" && at("panel").classList.contains("panel-open")) showPanel(false);
});
at("language").addEventListener("click", () => {
  switchLanguage();
  translatePage();
  const items = [...state.items.values()];
  state.items = new Map();
  chat.replaceChildren();
  items.forEach(place);
  showAround();
  scrollToEnd();
});

translatePage();
fitText();
follow(following.signal);
