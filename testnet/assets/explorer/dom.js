// Building nodes. Text is always text: nothing from the chain is ever read as markup.

export function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

export const link = (to, ...children) => h("a", { href: `#/${to}` }, ...children);
export const badge = (kind, text) => h("span", { class: `badge ${kind}` }, text);
export const note = (...children) => h("p", { class: "note" }, ...children);
export const heading = (text, below) => h("h1", {}, text, below ? h("small", {}, below) : undefined);

export const short = (text) => (text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-6)}` : text);
export const hash = (text) => h("code", { title: text }, short(text));
export const account = (address) => link(`account/${address}`, hash(address));
export const transaction = (id) => link(`transaction/${id}`, hash(id));
export const block = (height) => link(`block/${height}`, number(height));

export const number = (value) => Number(value).toLocaleString("en");
export const asset = (text) => {
  const [whole, fraction] = String(text).split(".");
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${fraction ? `.${fraction}` : ""} ASSET`;
};
export const time = (ms) => {
  const iso = new Date(Number(ms)).toISOString();
  return h("time", { datetime: iso, title: iso }, iso.slice(11, 19), " UTC");
};

// A card with names and what they stand for.
export function facts(pairs) {
  const shown = pairs.filter(Boolean);
  return h("div", { class: "card" }, h("dl", { class: "facts" }, shown.map(([name, ...value]) => [h("dt", {}, name), h("dd", {}, ...value)])));
}

// A card with a table; `columns` are [title, class, cell(row)].
export function table(columns, rows, empty) {
  if (rows.length === 0) return h("div", { class: "card" }, h("p", { class: "empty" }, empty));
  const head = columns.map(([title, kind]) => h("th", { scope: "col", class: kind || undefined }, title));
  const line = (row) => columns.map(([title, kind, cell]) =>
    h("td", { class: kind || undefined, "data-label": kind === "number" ? title : undefined }, cell(row)));
  return h("div", { class: "card" }, h("table", { class: columns.length > 3 ? "wide" : undefined },
    h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows.map((row) => h("tr", {}, line(row))))));
}
