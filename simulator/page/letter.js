// One mail as a card: who to whom, its words or its page, its files.

import { moment } from "./bubbles.js";
import { button, make } from "./make.js";
import { words } from "./words.js";

const HIGHEST = 2400; // pixels; a longer page scrolls inside
const nameOf = person => person.name || person.address;
const written = people => people.map(({ name, address }) => (name ? `${name} <${address}>` : address)).join(", ");

export function letterCard(letter, user) {
  const address = `/_sim/mail/people/${encodeURIComponent(user.address)}/mails/${letter.n}`;
  const name = letter.own ? words().you : nameOf(letter.from);
  const top = make("div", "letter-top", make("strong", "letter-who", name), make("span", "mail-when", moment(letter.at)));
  const people = [["to", letter.to], ["cc", letter.cc], ["answersTo", letter.reply_to]].filter(([, given]) => given.length);
  const lines = people.map(([word, given]) => make("p", "letter-people", `${words()[word]}: ${written(given)}`));
  const body = make("div", "letter-body");
  const card = make("article", letter.own ? "letter letter-own" : "letter", top, ...lines, body);
  card.setAttribute("aria-label", words().mailOf(name));
  showBody(letter, address, body, letter.html && !letter.own);
  if (letter.files.length) card.append(fileList(letter.files, address));
  return card;
}

function showBody(letter, address, body, asPage) {
  body.replaceChildren(asPage ? frame(letter, `${address}/html`) : make("div", "letter-text", letter.text));
  if (!letter.html) return;
  body.append(button("letter-switch", asPage ? words().asText : words().asPage, () => showBody(letter, address, body, !asPage)));
}

/** A stranger's page: it runs nothing and loads nothing; its own policy says so too. */
function frame(letter, address) {
  const page = make("iframe", "letter-page");
  page.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox"); // no scripts; we measure it
  page.title = words().mailOf(nameOf(letter.from));
  page.addEventListener("load", () => {
    const height = page.contentDocument?.documentElement?.scrollHeight || 0;
    if (height) page.style.height = `${Math.min(height + 4, HIGHEST)}px`;
  });
  page.src = address;
  return page;
}

function fileList(files, address) {
  const list = make("ul", "letter-files");
  list.setAttribute("aria-label", words().files);
  for (const { number, name, bytes } of files) {
    const link = make("a", "letter-file", name, make("span", "mail-when", size(bytes)));
    Object.assign(link, { href: `${address}/files/${number}`, download: name });
    list.append(make("li", "", link));
  }
  return list;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}
