// What a customer does beside writing: the tray behind the plus, the account's menu, following, scanning, allowing.

import { at } from "./api.js";
import { button, drawing, make } from "./make.js";
import { words } from "./words.js";

const HEARS = {
  mp: ["image", "card"],
  service: ["image", "voice", "video", "location", "link"],
  subscription: ["image", "voice", "video", "location", "link"],
};
const SAYS = {
  card: () => ({ type: "miniprogrampage", title: words().cardTitle, page_path: "pages/order/detail?id=991" }),
  voice: () => ({ type: "voice" }),
  video: () => ({ type: "video" }),
  location: () => ({ type: "location", latitude: 23.134521, longitude: 113.358803, scale: 16, label: words().locationLabel }),
  link: () => ({ type: "link", title: words().linkTitle, description: words().linkNote, url: "https://shop.example.com/orders/991" }),
};
const VIEWS = { VIEW: key => words().opens(key) };

let does = null;
let shownFor = "";

/** `given`: how to say, act and tell; what the customer does goes through these. */
export function acts(given) {
  does = given;
  at("plus").addEventListener("click", () => showTray(at("tray").hidden));
  at("image").addEventListener("change", () => {
    const [file] = at("image").files;
    at("image").value = "";
    if (file) does.sayFile("image", file);
    showTray(false);
  });
  at("enter").addEventListener("submit", event => {
    event.preventDefault();
    does.act("enter", { session_from: at("session-from").value });
  });
  at("scan").addEventListener("submit", event => {
    event.preventDefault();
    if (at("scene").value.trim()) does.act("scan", { scene: at("scene").value.trim() });
  });
  at("unsupported").addEventListener("click", () =>
    does.say({ type: "sticker", fields: { MediaId: "sticker-1" } }));
  at("follow").addEventListener("click", () => does.act("follow"));
  at("unfollow").addEventListener("click", () => does.act("unfollow"));
  at("subscribe").addEventListener("click", allow);
}

export function showTray(open) {
  at("tray").hidden = !open;
  at("plus").setAttribute("aria-expanded", String(open));
  if (open) at("tray").querySelector("button, input").focus();
  else if (at("tray").contains(document.activeElement)) at("plus").focus();
}

const subscribable = account => account.templates.filter(template => template.use.startsWith("subscribe/"));

async function allow() {
  const choices = Object.fromEntries(subscribable(does.account()).map(template => [template.id, "accept"]));
  if (await does.act("subscribe", { choices })) does.notice(words().allowed);
}

export function showActs({ account, news }) {
  if (!HEARS[account?.kind]) return;
  const official = account.kind !== "mp";
  const follows = news ? news.follows : true;
  at("enter").hidden = official;
  at("scan").hidden = !official;
  at("unfollow").hidden = !official || !follows;
  at("composer").hidden = !follows;
  at("follow").hidden = follows;
  at("menu").hidden = !follows || !account.menu.length;
  if (!follows) showTray(false);
  at("subscribe").hidden = !subscribable(account).length;
  const granted = Object.values(news?.grants || {}).reduce((sum, count) => sum + count, 0);
  at("subscribe").textContent = granted ? words().allowMore(granted) : words().allow;
  const now = JSON.stringify([account.app_id, account.menu, words().image]);
  if (now === shownFor) return; // keeps the focus where it is
  shownFor = now;
  showTray(false);
  const chosen = HEARS[account.kind].filter(name => name in SAYS).map(trayButton);
  at("tray").replaceChildren(at("image").closest("label"), ...chosen);
  at("menu").replaceChildren(...account.menu.map(menuButton));
}

function trayButton(name) {
  const shown = button("tool", words().tools[name], () => {
    showTray(false);
    does.say(SAYS[name]());
  });
  shown.prepend(make("span", "tool-face", drawing(name)));
  return shown;
}

function menuButton({ type, name, key }) {
  return button("menu-button", name, async () => {
    if ((await does.act("menu", { type, key })) && VIEWS[type]) does.notice(VIEWS[type](key));
  });
}
