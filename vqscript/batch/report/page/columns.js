// The columns of tables of rows: their kinds, their units, and which are shown at first.

const WIDE = 16;
const ASKED_FIRST = [
  "mean",
  "sd",
  "min",
  "max",
  "median",
  "sum",
  "volumeML",
  "totalUptake",
  "suvPeak",
  "tlg",
];
const VALUES = /^(mean|value|values|uptake|activity|concentration|suv\w*)$/i;
const STUDY_FIRST = ["patient_name", "patient_id", "study_date"];

// names: of the cells, in their order; cells(row) and studyOf(row) say what a row holds.
function columnsOf(names, rows, cells, studyOf = null) {
  const at = new Map(names.map((name, i) => [name, i]));
  const title = at.has("patient_name") ? "patient_name" : "patient_id";
  return names.map((key, i) => {
    const value = (row) => cells(row)[i];
    const values = new Set(rows.map(value));
    const column = {
      key,
      label: key,
      value,
      values,
      number: isNumbers(values),
      hidden: key === "study_uid" || /_unit$/.test(key),
    };
    if (column.number) column.unit = commonUnit(key, at, rows, cells);
    if (key === "study_date") column.show = column.text = (row) => dated(value(row));
    if (key === title && studyOf) column.show = (row) => opener(studyOf(row), value(row));
    return column;
  });
}

// Where the unit of a column stands: in a column of its own, else in that called unit. That one speaks of means, maxima
// and the like, but not of a volume or a count in the same row; of other names nothing is known.
function unitPlace(key, at) {
  const own = at.get(`${key}_unit`) ?? at.get(`${key.replace(/_[xyz]$/, "")}_unit`);
  return own ?? (data.columns.measured.includes(key) || VALUES.test(key) ? at.get("unit") : undefined);
}

// The unit of a column where all its rows have the same.
function commonUnit(key, at, rows, cells) {
  const place = unitPlace(key, at);
  if (place === undefined) return "";
  const units = distinct(
    rows.filter((row) => cells(row)[at.get(key)] !== null).map((row) => cells(row)[place] ?? ""),
  );
  return units.length === 1 ? units[0] : "";
}

// Columns as they are read: who, what, and what is asked for most. Of many, the rest is behind the button Columns.
function inOrder(columns) {
  const rank = ({ key, number: isNumber }) => {
    if (STUDY_FIRST.includes(key)) return STUDY_FIRST.indexOf(key);
    if (!isNumber) return key === "unit" || key === "sampling" ? 300 : 10;
    return ASKED_FIRST.includes(key) ? 20 + ASKED_FIRST.indexOf(key) : 100;
  };
  const ordered = columns
    .map((column) => ({ column, rank: rank(column) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ column }) => column);
  const seen = ordered.filter((column) => !column.hidden);
  if (seen.length > WIDE) {
    const asked = seen.filter((column) => column.number && ASKED_FIRST.includes(column.key));
    const others = seen.filter(
      (column) => column.number && !asked.includes(column) && !/_[xyz]$/.test(column.key),
    );
    const kept = new Set([...asked, ...others].slice(0, Math.max(asked.length, 8)));
    for (const column of seen) column.hidden = column.number && !kept.has(column);
  }
  return ordered;
}
