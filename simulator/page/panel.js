// The panel beside the phone: where and who one is, what the account may still send, what became of the pushes.

import { at } from "./api.js";
import { moment } from "./bubbles.js";
import { button, make } from "./make.js";
import { reasonInWords, words } from "./words.js";

const PUSHES_SHOWN = 8;

export function showPanel(open) {
  at("panel").classList.toggle("panel-open", open);
  at("open-panel").setAttribute("aria-expanded", String(open));
  at(open ? "close-panel" : "open-panel").focus();
}

const drawn = new Map();

/** Redraws only what changed, which keeps the focus where it is. */
function redraw(id, about, elements) {
  const now = JSON.stringify(about);
  if (drawn.get(id) === now) return;
  drawn.set(id, now);
  at(id).replaceChildren(...elements());
}

function choice(className, text, chosen, pressed) {
  const element = button(className, text, pressed);
  element.setAttribute("aria-pressed", String(chosen));
  return element;
}

export function showAccounts({ accounts, account: current }, choose) {
  const kinds = accounts.map(account => account.kind);
  const named = account =>
    kinds.filter(kind => kind === account.kind).length === 1 ? words().kinds[account.kind] : account.name;
  redraw("accounts", [accounts, current?.app_id, words().kinds], () =>
    accounts.map(account => {
      const tab = choice("tab", named(account), account.app_id === current?.app_id, () => choose(account));
      tab.title = account.name || words().kinds[account.kind];
      return tab;
    }));
}

export function showUsers({ account, users, user: current }, choose, add) {
  redraw("users", [account?.app_id, users, current?.openid, words().newUser], () => [
    ...users.map(user => choice("user", user.name, user.openid === current?.openid, () => choose(user))),
    button("user user-new", words().newUser, add),
  ]);
}

export function showStanding({ account, news }) {
  const passive = account && account.kind !== "mp" && !account.verified;
  at("unverified").hidden = !passive;
  rows("allowances", (news?.allowances || []).map(allowanceRow), words().noAllowance);
  rows("pushes", (news?.pushes || []).slice(-PUSHES_SHOWN).reverse().map(pushRow), words().noPushes);
}

const rows = (id, elements, none) => at(id).replaceChildren(...(elements.length ? elements : [make("li", "none", none)]));

function allowanceRow({ action, left, limit, until }) {
  const value = make("span", "value", words().left(left, limit, moment(until)));
  return make("li", left ? "" : "used-up", make("span", "", words().after[action]), value);
}

function pushRow({ type, event, outcome, tries, seconds, reason, reply }) {
  const name = make("span", "", words().events[event] || event || words().types[type] || type);
  const taken = outcome === "delivered" ? ` · ${Math.max(1, Math.round(seconds * 1000))} ms` : "";
  const told = words().outcomes[reply ? "answered" : outcome];
  const value = make("span", `value outcome-${outcome}`, outcome === "held" ? told : `${told} · ${words().tries(tries)}${taken}`);
  const row = make("li", "", name, value);
  if (reason) row.append(make("span", "reason", reasonInWords(reason)));
  return row;
}
