// Elements, made in one line each.

export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

export function button(className, text, pressed) {
  const element = make("button", className, text);
  element.type = "button";
  element.addEventListener("click", pressed);
  return element;
}

export function picture(address, className, alt = "") {
  const image = make("img", className);
  image.src = address;
  image.alt = alt;
  return image;
}

/** An address that leads away; anything but http(s) leads nowhere. */
export function leadsTo(address, element) {
  if (!/^https?:\/\//.test(address)) return element;
  Object.assign(element, { href: address, target: "_blank", rel: "noopener noreferrer" });
  return element;
}

/** Enter sends, with shift it is a new line. */
export function sendsOnEnter(field, send) {
  field.addEventListener("keydown", event => {
    // 229: Safari says so for the Enter that only ends a composition
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    send(event);
  });
}

const DRAWINGS = {
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  voice: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4",
  video: "M4 6h11v12H4zM15 11l5-3v8l-5-3",
  location: "M12 21c4.5-5 7-8.4 7-11.5a7 7 0 0 0-14 0C5 12.6 7.5 16 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  card: "M5 4h14v16H5zM8 8h8M8 12h8M8 16h4",
  play: "M8 5l11 7-11 7z",
  waves: "M7 12h.01M10 9a4.5 4.5 0 0 1 0 6M13 6.5a8 8 0 0 1 0 11",
};

export function drawing(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", DRAWINGS[name]);
  svg.append(path);
  return svg;
}
