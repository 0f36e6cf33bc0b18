// What the data become: elements, numbers and dates as people read them.
// Names and texts come from DICOM files and scripts. They are only ever set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// Makes an element: a property that is a function listens to the event of that name.
function el(name, properties = {}, ...children) {
  return fill(document.createElement(name), properties, children);
}

function svg(name, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, name), properties, children);
}

function byId(id) {
  return document.getElementById(id);
}

// A cell as a number; "nan", "inf" and whole numbers that JSON cannot hold come as text.
function number(value) {
  if (typeof value === "number") return value;
  if (value === "inf") return Infinity;
  if (value === "-inf") return -Infinity;
  return typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : NaN;
}

function isNumbers(values) {
  let some = false;
  for (const value of values) {
    if (value === null || value === undefined) continue;
    if (typeof value === "number") some = true;
    else if (!/^(nan|-?inf)$/.test(value)) return false;
  }
  return some;
}

// Four significant digits are more than a measurement has; the cell's title and the CSV hold all of them.
function shown(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return value.toExponential(3);
  return size >= 1000 ? value.toFixed(1) : String(Number(value.toPrecision(4)));
}

// 20240304 as 2024-03-04; a task of several studies has several dates.
function dated(value) {
  return String(value ?? "")
    .replace(/\b(\d{4})(\d\d)(\d\d)\b/g, "$1-$2-$3")
    .replaceAll(";", "; ");
}

function clock(iso) {
  return String(iso ?? "").replace("T", " ");
}

function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function many(count, one, more = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : more}`;
}

function distinct(values) {
  return [...new Set(values)];
}

// Where a file of a study lies, seen from the report; no name can lead anywhere else.
function address(folder, file) {
  const parts = [...(folder ? ["studies", folder] : ["summary"]), ...file.split("/")];
  return parts.map((part) => (part === ".." ? "" : encodeURIComponent(part))).join("/");
}

function facts(pairs) {
  const found = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return el(
    "dl",
    { class: "facts" },
    ...found.map(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]),
  );
}

const STATES = { done: "✓ done", failed: "✕ failed", waiting: "○ not done" };

function state(name) {
  return el("span", { class: `state ${name in STATES ? name : "waiting"}` }, STATES[name] ?? name);
}

// Data ------------------------------------------------------------------------------------

const data = readData();

function readData() {
  const parsed = (name) =>
    Array.from(document.querySelectorAll(`script.${name}`), (block) => JSON.parse(block.textContent));
  const [[run], studies, [summary], [columns]] = ["run", "study", "summary", "columns"].map(parsed);
  const rows = [];
  studies.forEach((study, index) => {
    study.number = index + 1;
    study.rows ??= [];
    study.pictures ??= [];
    study.warnings ??= [];
    study.label = [
      study.patient_name || study.patient_id || study.title || study.folder,
      dated(study.study_date),
    ]
      .filter(Boolean)
      .join(" · ");
    const place = new Map((study.columns ?? []).map((name, i) => [name, i]));
    const order = columns.names.map((name) => place.get(name) ?? -1);
    for (const cells of study.rows) rows.push({ study, cells: order.map((i) => (i < 0 ? null : cells[i])) });
  });
  return { run, studies, summary, columns, rows };
}
