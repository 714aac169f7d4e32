// The sheet to write a mail on, new or as an answer.

import { make, button } from "./make.js";
import { size } from "./letter.js";
import { words } from "./words.js";

const PROGRAM_KEPT_AS = "simulator-mail-program";
const MAILBOX = "support@shop.example.com";
const LARGEST = 18 * 1024 * 1024; // of all files; on the way they grow by a third
const ADDRESS = /^[\x21-\x3b\x3d\x3f\x41-\x7e]+@[\w.-]+$/;

function field(name, control) {
  control.name = name;
  return make("label", "sheet-field", make("span", "sheet-label", words()[name] || ""), control);
}

function input(value, placeholder = "") {
  return Object.assign(make("input"), { value, placeholder, autocomplete: "off", spellcheck: false });
}

function check(word, checked) {
  const box = Object.assign(make("input"), { type: "checkbox", checked });
  return { box, label: make("label", "sheet-check", box, words()[word]) };
}

function programs() {
  const chosen = localStorage.getItem(PROGRAM_KEPT_AS) || "qq";
  const select = make("select", "");
  for (const [name, shown] of Object.entries(words().programs)) {
    select.append(Object.assign(make("option", "", shown), { value: name, selected: name === chosen }));
  }
  select.value = chosen;
  select.addEventListener("change", () => localStorage.setItem(PROGRAM_KEPT_AS, select.value));
  return select;
}

function picker() {
  const chosen = [];
  const names = make("ul", "letter-files");
  const pick = Object.assign(make("input", "unseen"), { type: "file", multiple: true });
  const draw = () =>
    names.replaceChildren(...chosen.map((file, index) => {
      const drop = button("sheet-drop", "×", () => (chosen.splice(index, 1), draw()));
      drop.setAttribute("aria-label", `${words().cancel} ${file.name}`);
      return make("li", "letter-file", file.name, make("span", "mail-when", size(file.size)), drop);
    }));
  pick.addEventListener("change", () => {
    chosen.push(...pick.files);
    pick.value = "";
    draw();
  });
  return { chosen, element: make("div", "sheet-files", make("label", "plain sheet-pick", pick, words().addFiles), names) };
}

const addresses = text => text.split(/[\s,;，；]+/).filter(Boolean);

/** The bytes of a file as base64, which JSON can carry. */
function encoded(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => failed(reader.error));
    reader.readAsDataURL(file);
  });
}

/** `send` gets what the API wants; `leave` goes back. */
export function sheet({ answered, send, leave, notice }) {
  const asked = answered && (answered.own ? answered.to : answered.reply_to.length ? answered.reply_to : [answered.from]);
  const to = input(answered ? asked.map(person => person.address).join(", ") : MAILBOX);
  const cc = input("");
  const subject = input("");
  const text = Object.assign(make("textarea", "sheet-text"), { rows: 7 });
  text.setAttribute("aria-label", words().body);
  const program = programs();
  const quoting = check("quoting", true);
  const automatic = check("automatic", false);
  const files = picker();
  const ready = Object.assign(make("button", "mail-main", words().send), { type: "submit" });
  const form = make("form", "sheet",
    make("div", "mail-head", button("mail-plain", words().cancel, leave), make("h2", "mail-title", answered ? words().reply : words().compose), ready),
    make("div", "sheet-rows",
      field("to", to), field("cc", cc), ...(answered ? [] : [field("subject", subject)]),
      text, files.element, field("program", program), ...(answered ? [quoting.label, automatic.label] : [])));
  const fits = () => (ready.disabled = !text.value.trim() && !files.chosen.length);
  form.addEventListener("input", fits);
  form.addEventListener("change", fits);
  fits();

  form.addEventListener("submit", async event => {
    event.preventDefault();
    if (![...addresses(to.value), ...addresses(cc.value)].every(each => ADDRESS.test(each))) return notice(words().badAddress);
    if (files.chosen.reduce((sum, file) => sum + file.size, 0) > LARGEST) return notice(words().tooLarge);
    ready.disabled = true;
    try {
      await send({
        to: addresses(to.value),
        cc: addresses(cc.value),
        subject: subject.value.trim(),
        text: text.value,
        client: program.value,
        attachments: await Promise.all(files.chosen.map(async file => ({ name: file.name, data: await encoded(file) }))),
        ...(answered && { in_reply_to: answered.message_id, quote: quoting.box.checked, auto_reply: automatic.box.checked }),
      });
    } catch {
      notice(words().notSent);
      fits();
    }
  });
  return form;
}
