// The customer's phone: a chat or another program that follows the simulator, and a panel that shows what none would.

import { acts, showActs, showTray } from "./acts.js";
import { ask, at, post, sleep } from "./api.js";
import { line, separator } from "./bubbles.js";
import { button, make, sendsOnEnter } from "./make.js";
import { showAccounts, showPanel, showStanding, showUsers } from "./panel.js";
import { programAccounts, programOf, programs, showProgram } from "./programs.js";
import { switchLanguage, translatePage, words } from "./words.js";

const ACCOUNT_KEPT_AS = "simulator-account";
const PERSON_KEPT_AS = "simulator-person";
const WAIT = 20;
const AGAIN_AFTER = 1000;

const chat = at("chat");
const state = { accounts: [], account: null, users: [], user: null, items: new Map(), news: null, rev: null, boot: null };
let following = new AbortController();
let readsNewest = true; // then what arrives, loads or shrinks the chat must not push the newest line out of sight

// A window of its own keeps its own choice; a new one starts where the last left off.
const kept = name => sessionStorage.getItem(name) || localStorage.getItem(name);

function keep(name, value) {
  sessionStorage.setItem(name, value);
  localStorage.setItem(name, value);
}

// -- following the simulator ---------------------------------------------------------------------------------------

const nameOf = account => account.name || words().kinds[account.kind];
const peoplePath = account => programOf(account)?.people || `accounts/${account.app_id}/users`;

/** What an openid is in a chat, a program's people have as their address or number. */
function known(account, person) {
  const program = programOf(account);
  return program ? { ...person, openid: person[program.known] } : person;
}

/** Whoever is in an account and has a name: others only happened to be written to. */
const peopleOf = async account =>
  (await ask(peoplePath(account))).items.filter(person => person.name).map(person => known(account, person));

const addTo = async (account, person) => known(account, await post(peoplePath(account), person));

const newsOf = ({ account, user }) =>
  `${programOf(account)?.people || "users"}/${encodeURIComponent(user.openid)}/${programOf(account)?.news || "messages"}`;

async function load() {
  state.accounts = [...(await ask("accounts")).items, ...programAccounts];
  const wanted = kept(ACCOUNT_KEPT_AS);
  state.account = state.accounts.find(account => account.app_id === wanted) || state.accounts[0];
  const users = await peopleOf(state.account);
  state.users = users.filter(user => !user.name.startsWith("burst "));
  const person = kept(PERSON_KEPT_AS);
  state.user = state.users.find(user => user.unionid && user.unionid === person) || state.users[0] || (await newUser());
}

function forgetChat() {
  Object.assign(state, { items: new Map(), news: null, rev: null, boot: null });
  chat.replaceChildren();
  for (const program of programs) program.forget();
  readsNewest = true;
}

async function follow(signal) {
  while (!signal.aborted) {
    try {
      if (!state.user) await load();
      if (signal.aborted) return;
      const since = state.rev === null ? "" : `?since=${state.rev}&boot=${state.boot}&wait=${WAIT}`;
      const news = await ask(`${newsOf(state)}${since}`, { signal });
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
  const program = programOf(state.account);
  if (program) program.take(news, { user: state.user, notice, view: showImage });
  else for (const item of news.items) place(item);
  showAround();
  if (readsNewest) scrollToEnd();
}

function place(item) {
  const known = state.items.has(item.n);
  state.items.set(item.n, item);
  const element = line(item, {
    shop: state.account.name,
    user: state.user.name,
    view: showImage,
    choose: choice => say({ type: "text", content: choice.text, choice: choice.id }),
  });
  if (known) return chat.querySelector(`[data-n="${item.n}"]`).replaceWith(element);
  const time = separator(item, state.items.get(item.n - 1));
  if (time) chat.append(time);
  chat.append(element);
}

const scrollToEnd = () => (chat.scrollTop = chat.scrollHeight);

// -- who and where -------------------------------------------------------------------------------------------------

function startOver(change) {
  following.abort();
  forgetChat();
  Object.assign(state, change);
  following = new AbortController();
  showAround();
  follow(following.signal);
}

function chooseUser(user) {
  keep(PERSON_KEPT_AS, user.unionid);
  startOver({ user });
}

/** The same person in another account: a visitor who is not there yet becomes one. */
async function chooseAccount(account) {
  const { name, unionid } = state.user || {};
  if (unionid) {
    const there = await peopleOf(account);
    if (!there.some(user => user.unionid === unionid)) await addTo(account, { name, unionid });
    keep(PERSON_KEPT_AS, unionid);
  }
  keep(ACCOUNT_KEPT_AS, account.app_id);
  startOver({ account, users: [], user: null });
}

const newUser = () => addTo(state.account, { name: words().guest(state.users.length + 1) });

async function addUser() {
  const user = await newUser();
  state.users.push(user);
  chooseUser(user);
}

// -- everything around the bubbles ---------------------------------------------------------------------------------

function showAround() {
  const { account, news, items } = state;
  const name = account ? nameOf(account) : "";
  showProgram(account);
  at("title").textContent = news?.typing ? words().typing : name;
  document.title = name ? `${name} · ${words().simulator}` : words().simulator;
  at("address").textContent = state.user?.address || "";
  at("number").textContent = state.user?.number || "";
  at("hints").hidden = !news?.follows || [...items.values()].some(item => item.from === "customer");
  showAccounts(state, account => attempt(() => chooseAccount(account)));
  showUsers(state, chooseUser, () => attempt(addUser));
  showStanding(state);
  showActs(state);
}

function showHints() {
  const chips = words().quick.map(text => button("chip", text, () => say({ type: "text", content: text })));
  at("hints").replaceChildren(make("p", "hints-title", words().started), ...chips);
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
  noticeTimer = setTimeout(() => (at("notice").hidden = true), 2500);
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

async function sayFile(field, file) {
  const body = new FormData();
  body.append(field, file);
  readsNewest = true;
  return attempt(() => ask(`users/${state.user.openid}/messages`, { method: "POST", body }));
}

const act = (name, body) => attempt(() => post(`users/${state.user.openid}/${name}`, body));

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

chat.addEventListener("scroll", () => (readsNewest = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 60));
chat.addEventListener("load", () => readsNewest && scrollToEnd(), true);
new ResizeObserver(() => readsNewest && scrollToEnd()).observe(chat);

at("composer").addEventListener("submit", sendText);
at("text").addEventListener("input", fitText);
sendsOnEnter(at("text"), sendText);
at("open-panel").addEventListener("click", () => showPanel(true));
at("close-panel").addEventListener("click", () => showPanel(false));
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  if (at("panel").classList.contains("panel-open")) showPanel(false);
  else if (!at("tray").hidden) showTray(false);
});
at("language").addEventListener("click", () => {
  switchLanguage();
  translatePage();
  const items = [...state.items.values()];
  state.items = new Map();
  chat.replaceChildren();
  items.forEach(place);
  showHints();
  showAround();
  programOf(state.account)?.show();
  scrollToEnd();
});

acts({ say, sayFile, act, account: () => state.account, notice });
translatePage();
showHints();
fitText();
follow(following.signal);
