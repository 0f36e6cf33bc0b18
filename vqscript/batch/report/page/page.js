// The page, put together.

const FAILURES = 20;
const LOGS = 5;
const BY_PATIENT = data.run.by === "patient";
const TASKS = BY_PATIENT ? "patients" : "studies";

function overview({ run, studies, rows }) {
  const count = (name) => studies.filter((study) => study.state === name).length;
  const [done, failed] = [count("done"), count("failed")];
  const waiting = studies.length - done - failed;
  const script = String(run.script ?? "")
    .split(/[\\/]/)
    .at(-1);
  const pictures = studies.reduce((sum, study) => sum + study.pictures.length, 0);
  const warned = studies.filter((study) => study.warnings.length).length;
  const seconds = (Date.parse(run.finished) - Date.parse(run.started)) / 1000;
  byId("title").textContent = script || "Batch report";
  document.title = `${script || "Batch"}: ${done} of ${studies.length} done`;
  byId("subtitle").textContent = [
    run.project,
    run.where,
    run.finished ? `finished ${clock(run.finished)}` : "not finished",
  ]
    .filter(Boolean)
    .join(" · ");
  const figures = [
    [`${TASKS} done`, done],
    ["failed", failed, failed ? "bad" : ""],
    waiting ? ["not done", waiting] : null,
    ["rows", rows.length],
    ["pictures", pictures],
    warned ? [`${TASKS} with warnings`, warned] : null,
    seconds >= 0 ? ["last run", duration(seconds)] : null,
  ].filter(Boolean);
  const shownAs = (value) => (typeof value === "number" ? value.toLocaleString("en") : value);
  byId("figures").append(
    ...figures.map(([name, value, kind]) =>
      el("div", { class: kind }, el("dt", {}, name), el("dd", {}, shownAs(value))),
    ),
  );
  const bars = [
    ["done", done],
    ["failed", failed],
    ["waiting", waiting],
  ].filter(([, size]) => size);
  byId("share").append(
    ...bars.map(([name, size]) => {
      const bar = el("div", { class: name });
      bar.style.flex = String(size);
      return bar;
    }),
  );
}

// Failures of the same kind stand together: one message, and the studies that met it.
function failures({ studies }) {
  const groups = new Map();
  for (const study of studies.filter((each) => each.failure)) {
    const key = JSON.stringify(study.failure);
    groups.set(key, [...(groups.get(key) ?? []), study]);
  }
  const list = byId("failure-list");
  const cards = [...groups.values()];
  list.append(...cards.slice(0, FAILURES).map(failureCard));
  if (cards.length > FAILURES) {
    const rest = () => more.replaceWith(...cards.slice(FAILURES).map(failureCard));
    const more = el(
      "button",
      { type: "button", class: "more", click: rest },
      `Show all ${cards.length} failures`,
    );
    list.append(more);
    window.addEventListener("beforeprint", () => more.isConnected && rest());
  }
  byId("failures").hidden = groups.size === 0;
  return studies.filter((each) => each.failure).length;
}

function failureCard(group) {
  const [{ failure }] = group;
  const names = group.flatMap((study, i) => [i ? ", " : "", opener(study)]);
  const logs = group.slice(0, LOGS).map((study) => {
    const found = log(study);
    if (found) found.firstChild.textContent = `Log of ${study.label}`;
    return found;
  });
  return el(
    "div",
    { class: "failure" },
    el("h3", {}, ...names),
    ...explained(failure),
    el("p", { class: "quiet" }, failure.kind),
    ...logs,
  );
}

function results(all) {
  const plotted = columnsOf(
    all.columns.names,
    all.rows,
    (row) => row.cells,
    (row) => row.study,
  );
  const columns = inOrder(plotted);
  const host = byId("results-table");
  if (!all.rows.length) {
    host.append(el("p", { class: "quiet" }, "The script returned no rows."));
    return;
  }
  const suits = Plots.suit(plotted);
  byId("plots").hidden = !suits;
  const plots = suits && new Plots(byId("plot-area"), plotted, all.rows, (study) => studyDialog.open(study));
  new Table(host, {
    name: "Results",
    rows: all.rows,
    columns,
    csv: { name: "results-filtered.csv", columns: plotted },
    changed: (found) => plots && plots.draw(found),
  });
}

function summary({ summary: { columns: names, rows, pictures, files } }) {
  const found = rows.length || pictures.length;
  byId("summary").hidden = !found;
  if (!found) return false;
  const columns = columnsOf(names, rows, (row) => row);
  if (rows.length)
    new Table(byId("summary-table"), { name: "Summary", rows, columns, plain: rows.length <= 25 });
  const items = pictures.map((picture) => ({ study: null, picture }));
  byId("summary-pictures").append(...items.map((item) => thumbnail(item, () => items)));
  return true;
}

function studyList({ studies }) {
  const columns = [
    { label: "No.", value: (study) => study.number, number: true },
    {
      label: BY_PATIENT ? "Patient" : "Study",
      value: (study) => study.label,
      show: (study) => opener(study),
    },
    { label: "Patient ID", value: (study) => study.patient_id },
    { label: "State", value: (study) => study.state, show: (study) => state(study.state) },
    { label: "Rows", value: (study) => study.rows.length, number: true },
    { label: "Pictures", value: (study) => study.pictures.length, number: true },
    { label: "Warnings", value: (study) => study.warnings.length, number: true },
    { label: "Seconds", value: (study) => study.seconds ?? null, number: true },
    { label: "Message", value: (study) => study.failure?.message ?? "" },
  ];
  if (BY_PATIENT) byId("studies-h").textContent = "Patients";
  new Table(byId("studies-table"), { name: byId("studies-h").textContent, rows: studies, columns });
}

function made({ run }) {
  const list = (values) =>
    Object.entries(values ?? {})
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
  const args = Object.entries(run.args ?? {}).map(([name, value]) => `${name}=${value}`);
  byId("made").append(
    facts([
      ["Script", run.script],
      ["Arguments", args.join(", ")],
      ["Repository", run.repository],
      ["Project", run.project],
      ["Studies where", run.where],
      ["One task per", run.by],
      ["Made by", [run.creator, run.host && `on ${run.host}`].filter(Boolean).join(" ")],
      ["Started", clock(run.started)],
      ["Finished", clock(run.finished)],
      ["Workers", [run.workers, run.scheduler].filter(Boolean).join(", ")],
      ["Versions", list(run.versions)],
      ["Batch", run.run_id && el("code", {}, run.run_id)],
    ]),
    ...(run.sources ?? []).flatMap(({ path, sha256, text: content, note }) => [
      el("h3", { class: "more" }, path),
      el("p", {}, el("code", { class: "quiet" }, `SHA-256 ${sha256}`)),
      content === undefined
        ? el("p", { class: "quiet" }, note)
        : el(
            "details",
            { open: content.split("\n").length <= 60 },
            el("summary", {}, "Text of the script"),
            el("pre", {}, content),
          ),
    ]),
  );
}

function navigation(counts) {
  const parts = Array.from(document.querySelectorAll("main > section")).filter((section) => !section.hidden);
  byId("parts").append(
    ...parts.map(({ id, firstElementChild }) => {
      const count =
        counts[id] === undefined ? null : el("span", { class: "count" }, counts[id].toLocaleString("en"));
      return el(
        "li",
        { class: id === "failures" ? "bad" : null },
        el("a", { href: `#${id}` }, firstElementChild.textContent, count),
      );
    }),
  );
}

function start() {
  overview(data);
  const failed = failures(data);
  summary(data);
  results(data);
  const items = data.studies.flatMap((study) => study.pictures.map((picture) => ({ study, picture })));
  byId("pictures").hidden = items.length === 0;
  if (items.length) new Gallery(byId("gallery"), items);
  studyList(data);
  made(data);
  navigation({
    failures: failed,
    results: data.rows.length,
    pictures: items.length,
    studies: data.studies.length,
  });
}

start();
