// What is on the phone beside WeChat: each program with its people and their news in the simulator, and what shows them.

import { forgetMail, showMail, takeMail } from "./mail.js";
import { forgetPhone, showPhone, takeTexts } from "./phone.js";

const PROGRAMS = {
  mail: { people: "mail/people", known: "address", news: "mails", take: takeMail, forget: forgetMail, show: showMail },
  phone: { people: "phones", known: "number", news: "texts", take: takeTexts, forget: forgetPhone, show: showPhone },
};

export const programs = Object.values(PROGRAMS);
export const programOf = account => PROGRAMS[account?.kind];

/** They stand beside the accounts. */
export const programAccounts = Object.keys(PROGRAMS).map(kind => ({ app_id: kind, kind, verified: true, templates: [], menu: [] }));

export function showProgram(account) {
  for (const kind of Object.keys(PROGRAMS)) document.body.classList.toggle(`at-${kind}`, account?.kind === kind);
}
