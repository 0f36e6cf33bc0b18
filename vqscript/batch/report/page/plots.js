// Plots of the rows: one panel for each ROI and unit; values by study, by group, or over time.

const FACETS = ["roi", "name", "organ", "region", "label"];
const MEASURES = ["mean", "suvPeak", "max", "value", "median", "totalUptake", "volumeML", "volume"];
const GROUPS = ["group", "cohort", "treatment", "arm", "dose", "sex", "genotype", "strain", "input", "frame"];
const TIMES = /^(time|times|day|days|hour|hours|week|weeks|month|months|minutes?|age|frame|t)$/i;
const NAMING = new Set(["study_uid", "patient_id", "patient_name", "study_date"]);
const [SINCE, DATE] = ["days since the first study", "study date"];
const DATES = new Set([SINCE, DATE]);
const PANELS = 24;

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
      if (key === this.facet || key === "study_uid" || key === "sampling" || /(^|_)unit$/.test(key))
        return false;
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
    const named = this.columns.filter(
      (column) => column.number && TIMES.test(column.key) && column.values.size > 1,
    );
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
    const views = [
      "by study",
      ...(this.groups.length ? ["by group"] : []),
      ...(this.times.length ? ["over time"] : []),
    ];
    const grouped = this.groups.length > 0 && !NAMING.has(this.groups[0].key);
    this.view = choice("Plot", views, this.times.length ? "over time" : grouped ? "by group" : "by study");
    this.group = choice(
      "Group",
      ["", ...this.groups.map((column) => column.key)],
      grouped ? this.groups[0].key : "",
    );
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
    const points = this.points(rows, by);
    const names = by ? distinct(points.map((point) => point.group)).sort(collator.compare) : [];
    const panels = this.split(points);
    const drawn = this.all ? panels : panels.slice(0, PANELS);
    const options = { view, names, wide: panels.length === 1, open: this.open, time: this.time.input.value };
    const figure = (panel) => new Panel(panel, { ...options, common: this.common(panel, panels) }).figure;
    this.panels.replaceChildren(...drawn.map(figure));
    this.panels.classList.toggle("one", panels.length === 1);
    this.more.hidden = drawn.length === panels.length;
    this.more.textContent = `Show all ${panels.length} panels`;
    this.legend.replaceChildren(
      ...(view === "by group" || names.length > COLOURS ? [] : names.map(legendItem)),
    );
    const said = panels.length ? [] : ["No row has this value."];
    if (rows.length < this.rows.length)
      said.push(`The filters of the table below leave ${many(rows.length, "row")}.`);
    if (this.panels.querySelector(".middle")) said.push("Thick lines join the medians.");
    this.said.textContent = said.join(" ");
    this.said.hidden = !said.length;
  }

  // The range of all panels in the unit of one, if they are to share it.
  common({ unit, kind }, panels) {
    if (!this.same.checked) return null;
    const alike = panels.filter((panel) => panel.unit === unit && panel.kind === kind);
    return range(
      alike.flatMap((panel) => panel.points.map((point) => point.y)),
      true,
    );
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
      found.push({
        x,
        y,
        row,
        group: by === "study_date" ? dated(group) : group,
        facet,
        unit: this.unit(row),
        kind: this.kind(row),
      });
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
      if (!panels.has(key))
        panels.set(key, { name, facet: point.facet, unit: point.unit, kind: point.kind, points: [] });
      panels.get(key).points.push(point);
    }
    const found = [...panels.values()];
    const kinds = distinct(found.map((panel) => panel.kind)).length > 1;
    for (const panel of found) panel.kind = kinds && !panel.unit ? `rows in ${panel.kind || "no unit"}` : "";
    return found.sort(
      (a, b) => collator.compare(a.facet, b.facet) || collator.compare(a.unit + a.kind, b.unit + b.kind),
    );
  }
}

function patientOf(study) {
  return study.patient_id || study.patient_name || study.folder;
}

function legendItem(name, i) {
  const dot = svg(
    "svg",
    { viewBox: "0 0 14 10", "aria-hidden": "true" },
    svg("path", { class: `s${i % COLOURS}`, d: "M5 5h4" }),
  );
  return el("li", {}, dot, name === "" ? "(none)" : name);
}
