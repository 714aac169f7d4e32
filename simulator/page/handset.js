// One phone alone on a page: /page/handset.html?number=+85290000001 is an agent's own, in the demo.

import { at } from "./api.js";
import { mountCall } from "./call.js";
import { locale, switchLanguage, words } from "./words.js";

const asked = new URLSearchParams(location.search);
const number = asked.get("number")?.trim().replace(/^(?=\d)/, "+") || "+85290000001"; // "+" in an address is a space
const TITLES = { "zh-CN": "电话", en: "Phone" };

function show() {
  document.documentElement.lang = locale();
  document.title = at("title").textContent = `${TITLES[locale()]} ${number}`;
  at("language").textContent = words().other;
  mountCall(at("call"), { name: asked.get("name") || "", phone: number });
}

at("language").addEventListener("click", () => {
  switchLanguage();
  show();
});
show();
