// One panel of a plot: axes, points, and reading values off them.

const COLOURS = 8;
const NEAR = 20;
const MANY = 150;
const CROWD = 40;

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
    const [across, up] = [points.map((point) => point.x), points.map((point) => point.y)];
    const y = this.common ?? range(up, true);
    this.yTicks = ticks(...y, 5);
    const left = 22 + 6.4 * Math.max(...this.yTicks.map((value) => shown(value).length));
    this.slanted = view === "by study" && distinct(across).length <= (this.wide ? 24 : 12);
    this.frame = {
      left,
      right: this.width - 10,
      top: 12,
      bottom: this.height - (this.slanted ? 70 : view === "by group" ? 36 : 40),
    };
    const { right, top, bottom } = this.frame;
    this.coloured = this.names.length > 0 && (view === "by group" || this.names.length <= COLOURS);
    this.y = scale(y, [bottom, top]);
    if (view === "by group") {
      const step = (right - left) / this.names.length;
      this.x = (i) => left + (i + 0.5) * step;
      this.spread = Math.min(26, step * 0.3);
    } else {
      this.x = scale(range(across, false), [left, right]);
    }
    const seen = new Map();
    for (const point of points) {
      const i = this.names.indexOf(point.group);
      point.series = this.coloured ? i % COLOURS : 0;
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
    const caption = el(
      "figcaption",
      {},
      this.facet || this.name,
      " ",
      el(
        "span",
        { class: "quiet" },
        [this.facet && this.name, this.unit, this.kind].filter(Boolean).join(", "),
      ),
    );
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
    found.push(
      svg(
        "text",
        { class: "label", x: 11, y: middle, "text-anchor": "middle", transform: `rotate(-90 11 ${middle})` },
        name,
      ),
    );
    return found.concat(
      this.view === "by group" ? this.groupLabels() : this.slanted ? this.studyLabels() : this.numbers(),
    );
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
    const [low, high] = extent(values);
    const many = this.wide ? 9 : 4;
    const found = dates ? dayTicks(values, many) : ticks(low, high, low === high ? 1 : this.wide ? 10 : 6);
    const named = this.view === "over time" ? this.time : "number in the batch";
    return [
      ...found
        .filter((value) => Number.isInteger(value) || (this.view === "over time" && !DATES.has(this.time)))
        .map((value) =>
          svg(
            "text",
            { x: this.x(value), y: bottom + 15, "text-anchor": "middle" },
            dates ? dateOf(value) : shown(value),
          ),
        ),
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
    const joined = [...runs.values()].filter((run) => run.length > 1);
    const crowd = joined.length > CROWD;
    const lines = joined.map((run) =>
      line(
        run.map(({ at }) => at),
        `line s${run[0].series}${crowd ? " many" : ""}`,
      ),
    );
    return crowd ? lines.concat(this.medians()) : lines;
  }

  // Of lines too many to follow, the medians of each group at the times that several of it share.
  medians() {
    const groups = new Map();
    for (const { series, x, y } of this.points) {
      if (!groups.has(series)) groups.set(series, new Map());
      const times = groups.get(series);
      times.set(x, [...(times.get(x) ?? []), y]);
    }
    return [...groups].map(([series, times]) => {
      const shared = [...times].filter(([, values]) => values.length > 2);
      const middles = shared.map(([x, values]) => [
        this.x(x),
        this.y(
          quantile(
            values.sort((a, b) => a - b),
            0.5,
          ),
        ),
      ]);
      return line(middles, `line middle s${series}`);
    });
  }

  boxes() {
    return this.names.flatMap((name, i) => {
      const values = this.points
        .filter((point) => point.group === name)
        .map((point) => point.y)
        .sort((a, b) => a - b);
      if (values.length < 2) return [];
      const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => this.y(quantile(values, share)));
      const [x, half] = [this.x(i), this.spread + 8];
      const line = svg("line", { class: "median", x1: x - half, x2: x + half, y1: middle, y2: middle });
      if (values.length < 4) return [line];
      return [
        svg("rect", {
          class: "box",
          x: x - half,
          width: 2 * half,
          y: high,
          height: Math.max(1, low - high),
          rx: 3,
        }),
        line,
      ];
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

function line(places, kind) {
  const sorted = [...places].sort((a, b) => a[0] - b[0]);
  const d = sorted.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return svg("path", { class: kind, d });
}

function short(name, length) {
  return name.length > length ? `${name.slice(0, length - 1)}…` : name;
}
