// What is shown as a card: links, pages, articles, places, notifications.

import { leadsTo, make, picture } from "./make.js";
import { words } from "./words.js";

/** Pictures of other hosts are not fetched: the demo asks nobody else for anything. */
const own = address => (address || "").startsWith("/");

function thumb(address) {
  return own(address) ? picture(address, "card-thumb") : make("span", "card-thumb card-thumb-none");
}

export function linkCard({ link: { title, description, url, thumb_url: cover } }) {
  const text = make("span", "card-text", make("span", "card-note", description || url));
  const body = make("span", "card-body", text, thumb(cover));
  return leadsTo(url, make("a", "card", make("span", "card-title", title), body));
}

export function miniProgramCard({ card: { title, page_path: path, cover_url: cover } }, shop) {
  const top = make("span", "card-shop", make("span", "card-dot"), shop);
  const card = make("div", "card", top, make("span", "card-title", title));
  if (cover) card.append(picture(cover, "card-cover"));
  card.append(make("span", "card-foot", words().miniProgram));
  card.title = path;
  return card;
}

function article({ title, description, url, picurl }) {
  const body = make("span", "card-body", make("span", "card-text", make("span", "card-note", description)), thumb(picurl));
  return leadsTo(url, make("a", "card", make("span", "card-title", title), body));
}

export const newsCard = ({ articles }) => make("div", "stack", ...articles.map(article));

export function musicCard({ music: { title, description, musicurl, cover_url: cover } }) {
  const body = make("span", "card-body", make("span", "card-text", make("span", "card-note", description)), thumb(cover));
  return leadsTo(musicurl, make("a", "card", make("span", "card-title", title || words().music), body));
}

export function placeCard({ location: { latitude, longitude, label } }) {
  const where = `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`;
  const map = make("span", "map", make("span", "map-pin"));
  return make("div", "card card-place", make("span", "card-title", label || where), make("span", "card-note", where), map);
}

export function noticeCard({ notice: { title, rows, url, page } }) {
  const list = make("dl", "notice-rows");
  for (const { label, value } of rows) list.append(make("dt", "", label), make("dd", "", value));
  const card = leadsTo(url, make(url ? "a" : "div", "card card-notice", make("span", "card-title", title), list));
  if (url || page) card.append(make("span", "card-foot", words().details));
  return card;
}
