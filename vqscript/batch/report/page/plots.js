// Plots of the rows: one panel for each ROI and unit; values by study, by group, or over time.

const FACETS = ["roi", "name", "organ", "region", "label"];
const MEASURES = ["mean", "suvPeak", "max", "value", "median", "totalUptake", "volumeML", "volume"];
const GROUPS = ["group", "cohort", "treatment", "arm", "dose", "sex", "genotype", "strain", "input", "frame"];
const TIMES = /^(time|times|day|days|hour|hours|week|weeks|month|months|minutes?|age|frame|t)$/i;
const NAMING = new Set(["study_uid", "patient_id", "patient_name", "study_date"]);
const [SINCE, DATE] = ["days since the first study", "study date"];
const DATES = new Set([SINCE, DATE]);
const PANELS = 24;
const COLOURS = 8;
const NEAR = 20;
const MANY = 150;

class Plots {
  // columns: {key, number, values}; open(study) is called for a value that is clicked.
  constructor(host, columns, rows, open) {
    Object.assign(this, { host, columns, rows, open, all: false });
    this.index = new Map(columns.map((column, i) => [column.key, i]));
    this.measures = columns.filter((column) => column.number && !/_[xyz]$/.test(column.key));
    this.facet = FACETS.find((name) => this.index.has(name) && !columns[this.index.get(name)].number);
    this.groups = this.groupColumns();
    this.times = this.timeColumns();
    this.build();
    this.draw(rows);
  }

  static suit(columns) {
    return columns.some((column) => column.number && !/_[xyz]$/.test(column.key));
  }

  // What can be chosen ------------------------------------------------------------------------

  groupColumns() {
    const fits = (column) => {
      const { key } = column;
      if (key === this.facet || key === "study_uid" || key === "sampling" || /(^|_)unit$/.test(key)) return false;
      if (column.number && !GROUPS.includes(key)) return false;
      return column.values.size > 1 && column.values.size <= 12;
    };
    const rank = ({ key }) => (GROUPS.includes(key) ? GROUPS.indexOf(key) : NAMING.has(key) ? 200 : 100);
    return this.columns.filter(fits).sort((a, b) => rank(a) - rank(b));
  }

  // Time points: dates where a patient has several, and columns of numbers that are called so. Patients who did not begin
  // on one day are compared by the days since their first study.
  timeColumns() {
    let repeated = false;
    this.first = new Map();
    for (const row of this.rows) {
      const [day, patient] = [this.day(row), patientOf(row.study)];
      if (!Number.isFinite(day)) continue;
      const before = this.first.get(patient);
      repeated ||= before !== undefined && before !== day;
      if (before === undefined || day < before) this.first.set(patient, day);
    }
    const named = this.columns.filter((column) => column.number && TIMES.test(column.key) && column.values.size > 1);
    return [...named.map((column) => column.key), ...(repeated ? [SINCE, DATE] : [])];
  }

  day(row) {
    return days(row.cells[this.index.get("study_date")]);
  }

  timeOf(row, name) {
    if (name === DATE) return this.day(row);
    if (name === SINCE) return this.day(row) - this.first.get(patientOf(row.study));
    return number(row.cells[this.index.get(name)]);
  }

  build() {
    const choice = (label, values, chosen) => {
      const input = el(
        "select",
        { change: () => this.draw(this.shown) },
        ...values.map((each) => el("option", { value: each, selected: each === chosen }, each)),
      );
      return { input, label: el("label", {}, label, input) };
    };
    const measured = this.measures.map((column) => column.key);
    this.measure = choice("Value", measured, MEASURES.find((name) => measured.includes(name)) ?? measured[0]);
    const views = ["by study", ...(this.groups.length ? ["by group"] : []), ...(this.times.length ? ["over time"] : [])];
    const grouped = this.groups.length > 0 && !NAMING.has(this.groups[0].key);
    this.view = choice("Plot", views, this.times.length ? "over time" : grouped ? "by group" : "by study");
    this.group = choice("Group", ["", ...this.groups.map((column) => column.key)], grouped ? this.groups[0].key : "");
    this.group.input.options[0].textContent = "none";
    this.time = choice("Time", this.times, this.times[0]);
    this.same = el("input", { type: "checkbox", change: () => this.draw(this.shown) });
    this.said = el("p", { class: "quiet", role: "status" });
    this.legend = el("ul", { class: "legend" });
    this.panels = el("div", { class: "panels" });
    const bar = [this.measure.label, this.view.label, this.time.label, this.group.label];
    const controls = el("div", { class: "bar" }, ...bar, el("label", {}, this.same, "Same scale in all"));
    this.more = el("button", { type: "button", class: "more", click: () => this.drawAll() });
    this.host.replaceChildren(controls, this.said, this.legend, this.panels, this.more);
    this.group.label.hidden = !this.groups.length;
  }

  // Drawing -------------------------------------------------------------------------------------

  drawAll() {
    this.all = true;
    this.draw(this.shown);
  }

  draw(rows) {
    this.shown = rows;
    const view = this.view.input.value;
    this.time.label.hidden = view !== "over time";
    if (view === "by group" && !this.group.input.value) this.group.input.value = this.groups[0].key;
    const by = this.group.input.value;
    const names = by ? distinct(this.points(rows, by).map((point) => point.group)).sort(collator.compare) : [];
    const panels = this.split(this.points(rows, by));
    const drawn = this.all ? panels : panels.slice(0, PANELS);
    const common = this.same.checked ? range(panels.flatMap((panel) => panel.points.map((point) => point.y)), true) : null;
    this.panels.replaceChildren(
      ...drawn.map((panel) => new Panel(panel, { view, names, common, wide: panels.length === 1, open: this.open, time: this.time.input.value }).figure),
    );
    this.panels.classList.toggle("one", panels.length === 1);
    this.more.hidden = drawn.length === panels.length;
    this.more.textContent = `Show all ${panels.length} panels`;
    this.legend.replaceChildren(...(view === "by group" ? [] : names.map(legendItem)));
    const filtered = rows.length < this.rows.length ? ` The filters of the table below leave ${many(rows.length, "row")}.` : "";
    this.said.textContent = (panels.length ? "" : "No row has this value.") + filtered;
    this.said.hidden = !this.said.textContent;
  }

  points(rows, by) {
    const measure = this.index.get(this.measure.input.value);
    const at = (name) => this.index.get(name);
    const over = this.view.input.value === "over time" ? this.time.input.value : null;
    const found = [];
    for (const row of rows) {
      const y = number(row.cells[measure]);
      if (!Number.isFinite(y)) continue;
      const x = over === null ? row.study.number : this.timeOf(row, over);
      if (!Number.isFinite(x)) continue;
      const group = by ? shown(row.cells[at(by)]) : "";
      const facet = this.facet ? shown(row.cells[at(this.facet)]) : "";
      found.push({ x, y, row, group: by === "study_date" ? dated(group) : group, facet, unit: this.unit(row), kind: this.kind(row) });
    }
    return found;
  }

  // The unit of a value, "" where it is not known.
  unit(row) {
    const place = unitPlace(this.measure.input.value, this.index);
    return place === undefined ? "" : (row.cells[place] ?? "");
  }

  // Where the unit is not known, rows with different ones share no axis all the same.
  kind(row) {
    const known = unitPlace(this.measure.input.value, this.index) !== undefined;
    return known || !this.index.has("unit") ? "" : (row.cells[this.index.get("unit")] ?? "");
  }

  // One panel for each ROI, and for each unit: values in different units share no axis.
  split(points) {
    const panels = new Map();
    const name = this.measure.input.value;
    for (const point of points) {
      const key = JSON.stringify([point.facet, point.unit, point.kind]);
      if (!panels.has(key)) panels.set(key, { name, facet: point.facet, unit: point.unit, kind: point.kind, points: [] });
      panels.get(key).points.push(point);
    }
    const found = [...panels.values()];
    const kinds = distinct(found.map((panel) => panel.kind)).length > 1;
    for (const panel of found) panel.kind = kinds && !panel.unit ? `rows in ${panel.kind || "no unit"}` : "";
    return found.sort((a, b) => collator.compare(a.facet, b.facet) || collator.compare(a.unit + a.kind, b.unit + b.kind));
  }
}

function patientOf(study) {
  return study.patient_id || study.patient_name || study.folder;
}

function legendItem(name, i) {
  const dot = svg("svg", { viewBox: "0 0 14 10", "aria-hidden": "true" }, svg("path", { class: `s${i % COLOURS}`, d: "M5 5h4" }));
  return el("li", {}, dot, name === "" ? "(none)" : name);
}

let panelCount = 0;

class Panel {
  constructor(panel, options) {
    Object.assign(this, panel, options);
    [this.width, this.height] = this.wide ? [860, 320] : [420, 250];
    this.place();
    this.figure = this.build();
  }

  // Where everything lies -----------------------------------------------------------------------

  place() {
    const { points, view } = this;
    const y = this.common ?? range(points.map((point) => point.y), true);
    this.yTicks = ticks(...y, 5);
    const left = 22 + 6.4 * Math.max(...this.yTicks.map((value) => shown(value).length));
    this.slanted = view === "by study" && distinct(points.map((point) => point.x)).length <= (this.wide ? 24 : 12);
    this.frame = { left, right: this.width - 10, top: 12, bottom: this.height - (this.slanted ? 70 : view === "by group" ? 36 : 40) };
    const { right, top, bottom } = this.frame;
    this.y = scale(y, [bottom, top]);
    if (view === "by group") {
      const step = (right - left) / this.names.length;
      this.x = (i) => left + (i + 0.5) * step;
      this.spread = Math.min(26, step * 0.3);
    } else {
      this.x = scale(range(points.map((point) => point.x), false), [left, right]);
    }
    const seen = new Map();
    for (const point of points) {
      const i = this.names.indexOf(point.group);
      point.series = i < 0 ? 0 : i % COLOURS;
      if (view === "by group") {
        // Beside each other in a pattern that is the same every time, so that points hide less of one another.
        const n = seen.get(i) ?? 0;
        seen.set(i, n + 1);
        point.at = [this.x(i) + this.spread * (((n * 0.618034) % 1) * 2 - 1), this.y(point.y)];
      } else {
        point.at = [this.x(point.x), this.y(point.y)];
      }
    }
  }

  // Elements ------------------------------------------------------------------------------------

  build() {
    const id = `panel-${++panelCount}`;
    const unit = this.unit ? `, ${this.unit}` : "";
    const title = `${this.facet ? `${this.facet}: ` : ""}${this.name}${unit} ${this.view}`;
    this.here = svg("circle", { class: "here", r: 6, visibility: "hidden" });
    this.reading = el("p", { class: "said" });
    const picture = svg(
      "svg",
      {
        viewBox: `0 0 ${this.width} ${this.height}`,
        role: "img",
        "aria-labelledby": `${id}-t ${id}-d`,
        pointermove: (event) => this.point(event),
        pointerdown: (event) => this.point(event),
        pointerleave: () => this.show(null),
        click: () => this.near && this.open(this.near.row.study),
      },
      svg("title", { id: `${id}-t` }, title),
      svg("desc", { id: `${id}-d` }, this.described()),
      ...this.axes(),
      ...(this.view === "by group" ? this.boxes() : this.view === "over time" ? this.lines() : []),
      ...this.dots(),
      this.here,
    );
    this.picture = picture;
    const caption = el("figcaption", {}, this.facet || this.name, " ", el("span", { class: "quiet" }, [this.facet && this.name, this.unit, this.kind].filter(Boolean).join(", ")));
    return el("figure", { class: "panel" }, caption, picture, this.reading);
  }

  described() {
    const sorted = this.points.map((point) => point.y).sort((a, b) => a - b);
    const unit = this.unit ? ` ${this.unit}` : "";
    const [low, middle, high] = [0, 0.5, 1].map((share) => shown(quantile(sorted, share)));
    return `${many(sorted.length, "value")} from ${low} to ${high}${unit}, median ${middle}${unit}. The table of results has them all.`;
  }

  axes() {
    const { left, right, top, bottom } = this.frame;
    const found = [];
    for (const value of this.yTicks) {
      const y = this.y(value).toFixed(1);
      found.push(svg("line", { class: "grid", x1: left, x2: right, y1: y, y2: y }));
      found.push(svg("text", { x: left - 5, y: Number(y) + 4, "text-anchor": "end" }, shown(value)));
    }
    found.push(svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }));
    const name = (this.name + (this.unit ? ` (${this.unit})` : "")).slice(0, 40);
    const middle = (top + bottom) / 2;
    found.push(svg("text", { class: "label", x: 11, y: middle, "text-anchor": "middle", transform: `rotate(-90 11 ${middle})` }, name));
    return found.concat(this.view === "by group" ? this.groupLabels() : this.slanted ? this.studyLabels() : this.numbers());
  }

  groupLabels() {
    const room = Math.max(4, Math.floor((this.frame.right - this.frame.left) / this.names.length / 6.4));
    return this.names.map((name, i) => {
      const count = this.points.filter((point) => point.group === name).length;
      const x = this.x(i);
      return svg(
        "text",
        { x, y: this.frame.bottom + 15, "text-anchor": "middle" },
        svg("tspan", { class: "label", x }, short(name || "(none)", room)),
        svg("tspan", { x, dy: 13 }, `n = ${count}`),
      );
    });
  }

  studyLabels() {
    const studies = distinct(this.points.map((point) => point.row.study));
    return studies.map((study) => {
      const [x, y] = [this.x(study.number), this.frame.bottom + 13];
      const name = short(study.label.replace(" · ", " "), 14);
      return svg("text", { x, y, "text-anchor": "end", transform: `rotate(-38 ${x} ${y})` }, name);
    });
  }

  numbers() {
    const { left, right, bottom } = this.frame;
    const dates = this.view === "over time" && this.time === DATE;
    const values = this.points.map((point) => point.x);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const many = this.wide ? 9 : 4;
    const found = dates ? dayTicks(values, many) : ticks(low, high, low === high ? 1 : this.wide ? 10 : 6);
    const named = this.view === "over time" ? this.time : "study, in the order of the batch";
    return [
      ...found
        .filter((value) => Number.isInteger(value) || (this.view === "over time" && !DATES.has(this.time)))
        .map((value) => svg("text", { x: this.x(value), y: bottom + 15, "text-anchor": "middle" }, dates ? dateOf(value) : shown(value))),
      svg("text", { class: "label", x: (left + right) / 2, y: bottom + 33, "text-anchor": "middle" }, named),
    ];
  }

  // Points are one path for each colour, not an element each: 10,000 of them are drawn at once.
  dots() {
    const paths = new Map();
    for (const { series, at } of this.points)
      paths.set(series, `${paths.get(series) ?? ""}M${at[0].toFixed(1)} ${at[1].toFixed(1)}h.01`);
    const size = this.points.length > MANY ? "dots many" : "dots";
    return [...paths].map(([series, d]) => svg("path", { class: `${size} s${series}`, d }));
  }

  // A line joins the values of one patient; of one study where that alone has several time points.
  lines() {
    const first = new Map();
    for (const { row, x } of this.points) if (!first.has(row.study)) first.set(row.study, x);
    const repeated = this.points.some(({ row, x }) => first.get(row.study) !== x);
    const runs = new Map();
    for (const point of this.points) {
      const key = repeated && !DATES.has(this.time) ? point.row.study : patientOf(point.row.study);
      if (!runs.has(key)) runs.set(key, []);
      runs.get(key).push(point);
    }
    return [...runs.values()]
      .filter((run) => run.length > 1)
      .map((run) => {
        run.sort((a, b) => a.x - b.x);
        const d = run.map(({ at }, i) => `${i ? "L" : "M"}${at[0].toFixed(1)} ${at[1].toFixed(1)}`).join("");
        return svg("path", { class: `line s${run[0].series}`, d });
      });
  }

  boxes() {
    return this.names.flatMap((name, i) => {
      const values = this.points.filter((point) => point.group === name).map((point) => point.y).sort((a, b) => a - b);
      if (values.length < 2) return [];
      const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => this.y(quantile(values, share)));
      const [x, half] = [this.x(i), this.spread + 8];
      const line = svg("line", { class: "median", x1: x - half, x2: x + half, y1: middle, y2: middle });
      if (values.length < 4) return [line];
      return [svg("rect", { class: "box", x: x - half, width: 2 * half, y: high, height: Math.max(1, low - high), rx: 3 }), line];
    });
  }

  // Reading a value off --------------------------------------------------------------------------

  point(event) {
    const box = this.picture.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * this.width;
    const y = ((event.clientY - box.top) / box.height) * this.height;
    let [nearest, best] = [null, NEAR * NEAR];
    for (const point of this.points) {
      const distance = (point.at[0] - x) ** 2 + (point.at[1] - y) ** 2;
      if (distance < best) [nearest, best] = [point, distance];
    }
    this.show(nearest);
  }

  show(point) {
    this.near = point;
    this.picture.classList.toggle("clickable", point !== null);
    this.here.setAttribute("visibility", point ? "visible" : "hidden");
    this.reading.textContent = "";
    if (!point) return;
    this.here.setAttribute("cx", point.at[0]);
    this.here.setAttribute("cy", point.at[1]);
    const value = [shown(point.y), this.unit].filter(Boolean).join(" ");
    this.reading.textContent = [value, point.row.study.label, point.group].filter(Boolean).join(" · ");
  }
}

function short(name, length) {
  return name.length > length ? `${name.slice(0, length - 1)}…` : name;
}
