// A table that sorts, filters and turns its pages.
//
// columns: {label, value(row), number, unit, show(row), text(row), hidden}; `show` gives what stands in a cell where it
// is more than the value, `text` what is searched. options: {name, rows, columns}, and
//   csv      {name, columns} of the file that the rows can be saved as
//   plain    all rows, without filters
//   changed  called with the rows that the filters leave

const SIZES = [25, 50, 100, 500];
const PRINTED = 2000;
const FEW = 12;
const LONG = 40;

class Table {
  constructor(host, options) {
    Object.assign(this, { size: 50, changed: () => {} }, options);
    this.host = host;
    this.page = 0;
    this.sorted = { column: null, down: false };
    this.found = this.rows;
    this.filters = new Map();
    this.words = [];
    this.build();
    this.render();
    window.addEventListener("beforeprint", () => this.render(true));
    window.addEventListener("afterprint", () => this.render());
  }

  get shownColumns() {
    return this.columns.filter((column) => !column.hidden);
  }

  // Parts ---------------------------------------------------------------------------------

  build() {
    this.head = el("thead");
    this.body = el("tbody");
    this.status = el("span", { role: "status", class: "quiet" });
    this.note = el("span", { class: "quiet" });
    const table = el("table", {}, el("caption", { class: "unseen" }, this.name), this.head, this.body);
    const scroll = el(
      "div",
      { class: "scroll", role: "region", "aria-label": this.name, tabindex: 0 },
      table,
    );
    if (this.plain) this.host.replaceChildren(scroll);
    else this.host.replaceChildren(this.bar(), scroll, this.pages());
    this.buildHead();
  }

  bar() {
    let waiting = 0;
    this.search = el("input", {
      type: "search",
      placeholder: "any text",
      input: () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => this.searchFor(this.search.value), 120);
      },
    });
    const clear = el("button", { type: "button", click: () => this.clear() }, "Clear filters");
    const save =
      this.csv && el("button", { type: "button", click: () => this.save() }, "Save these rows as CSV");
    return el(
      "div",
      { class: "bar" },
      el("label", {}, "Search", this.search),
      clear,
      el("span", { class: "grow" }),
      this.columns.length > 8 ? this.chooser() : null,
      save,
    );
  }

  chooser() {
    const boxes = this.columns.map((column) =>
      el(
        "label",
        {},
        el("input", {
          type: "checkbox",
          checked: !column.hidden,
          change: (event) => {
            column.hidden = !event.target.checked;
            this.filters.delete(column);
            this.buildHead();
            this.apply();
          },
        }),
        column.label,
      ),
    );
    const list = el("div", { role: "group", "aria-label": "Columns to show" }, ...boxes);
    const choice = el("details", { class: "choice" }, el("summary", {}, "Columns"), list);
    choice.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && choice.open) {
        choice.open = false;
        choice.firstChild.focus();
      }
    });
    return choice;
  }

  pages() {
    const turn = (by) => () => {
      this.page += by;
      this.render();
      this.body.closest(".scroll").scrollTop = 0;
    };
    this.back = el("button", { type: "button", click: turn(-1) }, "‹ Previous");
    this.next = el("button", { type: "button", click: turn(1) }, "Next ›");
    const size = el(
      "select",
      {
        change: () => {
          this.size = Number(size.value);
          this.page = 0;
          this.render();
        },
      },
      ...SIZES.map((count) => el("option", { value: count, selected: count === this.size }, String(count))),
    );
    const choice = el("label", { class: "quiet" }, "Rows per page ", size);
    this.paging = [this.back, this.next, choice];
    return el(
      "div",
      { class: "pages" },
      this.status,
      el("span", { class: "grow" }),
      choice,
      this.back,
      this.next,
    );
  }

  buildHead() {
    this.heads = new Map();
    const names = this.shownColumns.map((column) => {
      const label = el("button", { type: "button", click: () => this.sortBy(column) }, column.label);
      const unit = this.columns.some((each) => each.unit)
        ? el("span", { class: "unit" }, column.unit ?? "")
        : null;
      const head = el("th", { scope: "col", class: column.number ? "number" : "" }, label, unit);
      this.heads.set(column, head);
      return head;
    });
    this.head.replaceChildren(el("tr", {}, ...names));
    if (!this.plain)
      this.head.append(el("tr", { class: "filters" }, ...this.shownColumns.map((each) => this.field(each))));
    this.mark();
  }

  // The field below a column's name: a choice where there are few texts to choose from.
  field(column) {
    const name = `Filter ${column.label}`;
    const texts = column.number ? [] : distinct(this.rows.map((row) => text(column, row)));
    let input;
    if (!column.number && texts.length < 2) return el("td");
    if (!column.number && texts.length <= FEW && texts.every((each) => each.length <= LONG)) {
      input = el(
        "select",
        {
          "aria-label": name,
          change: () => this.filter(column, input.value === "" ? null : only(column, texts[input.value])),
        },
        el("option", { value: "" }, "all"),
        ...texts.map((each, i) => el("option", { value: i }, each === "" ? "(empty)" : each)),
      );
    } else {
      let waiting = 0;
      const hint = column.number ? "> 5" : "";
      input = el("input", {
        type: "text",
        "aria-label": name,
        placeholder: hint,
        title: help(column),
        spellcheck: "false",
        autocomplete: "off",
      });
      input.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          const test = matcher(column, input.value);
          input.setAttribute("aria-invalid", test === undefined);
          this.filter(column, test ?? null);
        }, 120);
      });
    }
    return el("td", {}, input);
  }

  // What is shown ---------------------------------------------------------------------------

  sortBy(column) {
    const { column: before, down } = this.sorted;
    // Up, down, and back to the order of the batch.
    if (before !== column) this.sorted = { column, down: false };
    else this.sorted = down ? { column: null, down: false } : { column, down: true };
    this.mark();
    this.apply(false);
  }

  mark() {
    for (const [column, head] of this.heads) {
      const direction = this.sorted.down ? "descending" : "ascending";
      head.setAttribute("aria-sort", this.sorted.column === column ? direction : "none");
    }
  }

  searchFor(words) {
    this.words = words.toLowerCase().split(/\s+/).filter(Boolean);
    this.apply();
  }

  filter(column, test) {
    if (test) this.filters.set(column, test);
    else this.filters.delete(column);
    this.apply();
  }

  clear() {
    this.search.value = "";
    this.words = [];
    this.filters.clear();
    this.buildHead();
    this.apply();
  }

  apply(filtered = true) {
    const tests = [...this.filters.values()];
    if (this.words.length) tests.push((row) => this.words.every((word) => this.haystack(row).includes(word)));
    let found = tests.length ? this.rows.filter((row) => tests.every((test) => test(row))) : this.rows;
    const { column, down } = this.sorted;
    if (column) found = [...found].sort(order(column, down));
    this.found = found;
    this.page = 0;
    this.render();
    if (filtered) this.changed(found);
  }

  haystack(row) {
    this.texts ??= new Map();
    if (!this.texts.has(row)) {
      const words = this.columns.filter((column) => !column.number).map((column) => text(column, row));
      this.texts.set(row, words.join("\n").toLowerCase());
    }
    return this.texts.get(row);
  }

  // On paper there are no pages to turn: what the filters leave is printed, up to a limit.
  render(printing = false) {
    const size = printing ? PRINTED : this.plain ? Infinity : this.size;
    const page = printing ? 0 : this.page;
    const from = page * size || 0;
    const rows = this.found.slice(from, from + size);
    const columns = this.shownColumns;
    this.body.replaceChildren(
      ...rows.map((row) => el("tr", {}, ...columns.map((column) => cell(column, row)))),
      ...(rows.length
        ? []
        : [el("tr", {}, el("td", { colspan: columns.length, class: "quiet" }, "No row."))]),
    );
    if (this.plain) return;
    const all = this.rows.length;
    const count = this.found.length;
    const span = count > size ? `${from + 1} to ${from + rows.length} of ` : "";
    this.status.textContent =
      span + many(count, "row") + (count < all ? ` (${all.toLocaleString("en")} without filters)` : "");
    this.back.disabled = page === 0;
    this.next.disabled = from + size >= count;
    for (const each of this.paging) each.hidden = all <= SIZES[0];
  }

  save() {
    const { name, columns } = this.csv;
    const lines = [columns.map((column) => quoted(column.label))];
    for (const row of this.found) lines.push(columns.map((column) => quoted(column.value(row))));
    const blob = new Blob([lines.map((line) => line.join(",") + "\n").join("")], { type: "text/csv" });
    const link = el("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
}

function cell(column, row) {
  const value = column.value(row);
  const inside = column.show ? column.show(row) : shown(value);
  const full = typeof value === "number" && String(value) !== inside ? String(value) : null;
  const length = typeof inside === "string" ? inside.length : inside.textContent.length;
  return el(
    "td",
    { class: column.number ? "number plain" : length < 30 ? "plain" : null, title: full },
    inside,
  );
}

function help(column) {
  return column.number
    ? "As in > 5, <= 2.5, = 3 or 2..4"
    : "Part of the text; with ! before it, rows without it";
}

function text(column, row) {
  return String((column.text ?? column.value)(row) ?? "");
}

function only(column, wanted) {
  return (row) => text(column, row) === wanted;
}

// What a filter's field asks for: a test of a row, null for nothing, undefined if it is not understood.
function matcher(column, typed) {
  const asked = typed.trim();
  if (!asked) return null;
  if (!column.number) {
    const without = asked.startsWith("!") && asked.length > 1;
    const wanted = (without ? asked.slice(1).trim() : asked).toLowerCase();
    return (row) => text(column, row).toLowerCase().includes(wanted) !== without;
  }
  const digits = "[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[-+]?\\d+)?";
  const span = new RegExp(`^(${digits})?\\s*\\.\\.\\s*(${digits})?$`, "i").exec(asked);
  if (span && (span[1] || span[2])) {
    const [low, high] = [Number(span[1] ?? -Infinity), Number(span[2] ?? Infinity)];
    return (row) => number(column.value(row)) >= low && number(column.value(row)) <= high;
  }
  const single = new RegExp(`^(>=|<=|!=|[<>=≥≤])?\\s*(${digits})$`, "i").exec(asked);
  if (!single) return undefined;
  const bound = Number(single[2]);
  const test = {
    ">": (value) => value > bound,
    "<": (value) => value < bound,
    ">=": (value) => value >= bound,
    "≥": (value) => value >= bound,
    "<=": (value) => value <= bound,
    "≤": (value) => value <= bound,
    "!=": (value) => value !== bound,
    // What is read in the table can be asked for, although it is rounded there.
    "=": (value) => value === bound || shown(value) === shown(bound),
  }[single[1] ?? "="];
  return (row) => test(number(column.value(row)));
}

// Rows without a value come last, whichever way the column is sorted.
function order(column, down) {
  const sign = down ? -1 : 1;
  const absent = (value) => value === null || value === undefined || value === "" || Number.isNaN(value);
  return (a, b) => {
    const [first, second] = [a, b].map((row) =>
      column.number ? number(column.value(row)) : column.value(row),
    );
    if (absent(first) || absent(second)) return absent(first) - absent(second);
    if (column.number) return first < second ? -sign : first > second ? sign : 0;
    return sign * collator.compare(String(first), String(second));
  };
}

// A text that a spreadsheet would compute is quoted, as in results.csv.
function quoted(value) {
  if (value === null || value === undefined) return "";
  let cell = String(value);
  if (typeof value === "string" && /^[=@+\-\t\r]/.test(cell) && !isFinite(cell) && !/^-inf$/.test(cell))
    cell = `'${cell}`;
  return /[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
