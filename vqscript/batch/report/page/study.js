// One study: its numbers, pictures and files, and what the numbers were measured on.

class StudyDialog {
  constructor(dialog) {
    this.dialog = dialog;
    this.title = el("h2", { id: "study-h" });
    this.inside = el("div", { class: "inside", tabindex: 0, role: "region", "aria-labelledby": "study-h" });
    this.back = el("button", { type: "button", click: () => this.turn(-1) }, "‹ Previous");
    this.next = el("button", { type: "button", click: () => this.turn(1) }, "Next ›");
    const close = el("button", { type: "button", click: () => dialog.close() }, "Close");
    dialog.append(el("div", { class: "top" }, this.title, this.back, this.next, close), this.inside);
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  open(study) {
    this.show(study);
    if (!this.dialog.open) this.dialog.showModal();
  }

  turn(by) {
    const study = data.studies[this.study.number - 1 + by];
    if (study) this.show(study);
  }

  show(study) {
    this.study = study;
    this.title.textContent = study.label;
    this.back.disabled = study.number === 1;
    this.next.disabled = study.number === data.studies.length;
    this.inside.replaceChildren(
      facts([
        ["State", state(study.state)],
        ["Patient", [study.patient_name, study.patient_id].filter(Boolean).join(", ")],
        ["Date", dated(study.study_date)],
        ["Study UID", study.study_uid && el("code", {}, study.study_uid.replaceAll(";", "; "))],
        ["Processed", [clock(study.started), duration(study.seconds)].filter(Boolean).join(", ")],
        ["Attempts", study.attempt > 1 ? String(study.attempt) : ""],
        ["Folder", el("code", {}, `studies/${study.folder}`)],
      ]),
      ...this.failure(study),
      ...part(
        "Warnings",
        study.warnings.length && el("ul", {}, ...study.warnings.map((each) => el("li", {}, each))),
      ),
      ...part("Pictures", study.pictures.length && this.pictures(study)),
      ...part("Rows", study.rows.length && this.rows(study)),
      ...part("What the numbers come from", study.trace?.length && trace(study.trace)),
      ...part("Files", study.files?.length && files(study)),
      ...part(
        "Other files that the script read",
        Object.keys(study.sources ?? {}).length && sources(study.sources),
      ),
      ...part("Log", log(study)),
    );
    this.inside.scrollTop = 0;
  }

  failure({ failure }) {
    return failure ? [el("h3", {}, "Failure"), ...explained(failure)] : [];
  }

  pictures(study) {
    const items = study.pictures.map((picture) => ({ study, picture }));
    return el("div", { class: "pictures" }, ...items.map((item) => thumbnail(item, () => items, false)));
  }

  rows(study) {
    const host = el("div");
    const named = ["study_uid", "patient_id", "patient_name", "study_date"];
    const several = study.study_uid.includes(";");
    const all = inOrder(columnsOf(study.columns, study.rows, (cells) => cells));
    for (const column of all) column.hidden = /_unit$/.test(column.key);
    const columns = all.filter(({ key }) => !named.includes(key) || (several && key !== "study_uid"));
    new Table(host, { name: "Rows of this study", rows: study.rows, columns, plain: true });
    return host;
  }
}

function part(title, content) {
  return content ? [el("h3", {}, title), content] : [];
}

function explained(failure) {
  return [
    el("p", { class: "message" }, failure.message),
    failure.hint ? el("p", {}, failure.hint) : null,
    failure.frames.length
      ? el("ul", {}, ...failure.frames.map((frame) => el("li", {}, el("code", {}, frame))))
      : null,
  ].filter(Boolean);
}

function log({ log, folder }) {
  if (!log.text) return null;
  const link = el(
    "a",
    { href: address(folder, "log.txt"), target: "_blank", rel: "noopener" },
    "the whole log",
  );
  return el(
    "details",
    {},
    el("summary", {}, log.cut ? "End of the log" : "What was printed and warned of"),
    el("pre", {}, log.text),
    log.cut ? el("p", {}, link) : null,
  );
}

function trace(origins) {
  return el("ul", { class: "trace" }, ...origins.map((origin) => el("li", {}, ...traced(origin))));
}

const TRACED = { study_uid: "Study", series_uid: "Series", sop_uid: "Object", path: "File" };

function traced(origin) {
  const what =
    origin.kind === "image"
      ? `Input ${origin.input ?? ""}: ${origin.name}`
      : `ROIs: ${(origin.rois ?? []).join(", ") || origin.name}`;
  const uids = Object.entries(TRACED).map(([key, label]) => [
    label,
    origin[key] ? el("code", {}, String(origin[key])) : "",
  ]);
  const steps = origin.provenance ?? [];
  return [
    el("strong", {}, what),
    facts(uids),
    steps.length ? el("ul", {}, ...steps.map((step) => el("li", {}, step))) : null,
  ];
}

function files(study) {
  const link = (file) =>
    el("a", { href: address(study.folder, file), target: "_blank", rel: "noopener" }, file);
  return el("ul", {}, ...study.files.map((file) => el("li", {}, link(file))));
}

function sources(found) {
  const line = ([path, digest]) =>
    el("li", {}, path, el("br"), el("code", { class: "quiet" }, `SHA-256 ${digest}`));
  return el("ul", {}, ...Object.entries(found).map(line));
}

const studyDialog = new StudyDialog(byId("study"));

// A study's name that opens it.
function opener(study, label = study.label) {
  return el(
    "button",
    { type: "button", class: "link", click: () => studyDialog.open(study) },
    label || study.folder,
  );
}
