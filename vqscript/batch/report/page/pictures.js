// Pictures: a gallery of previews, and a viewer that enlarges them.

const GALLERY = 60;

// A preview that opens the viewer; `among` are the pictures that the viewer turns over.
function thumbnail(item, among, caption = true) {
  const { study, picture } = item;
  const name = study ? `${picture.file}, ${study.label}` : picture.file;
  const inside = picture.data
    ? el("img", { src: source(picture), alt: "", width: 480, height: 360, decoding: "async" })
    : el("span", { class: "absent" }, `no preview of ${picture.file}`);
  const button = el(
    "button",
    { type: "button", "aria-label": `Enlarge ${name}`, click: () => viewer.open(item, among()) },
    inside,
  );
  const below =
    caption && study
      ? el("figcaption", {}, study.label, el("span", {}, picture.file))
      : el("figcaption", {}, picture.file);
  return el("figure", {}, button, below);
}

function source(picture) {
  return `data:image/webp;base64,${picture.data}`;
}

class Gallery {
  constructor(host, items) {
    Object.assign(this, { host, items, count: GALLERY });
    const files = distinct(items.map((item) => item.picture.file)).sort(collator.compare);
    const draw = () => {
      this.count = GALLERY;
      this.draw();
    };
    this.search = el("input", { type: "search", placeholder: "patient or file", input: draw });
    this.file = el(
      "select",
      { change: draw },
      el("option", { value: "" }, "all"),
      ...files.map((file) => el("option", {}, file)),
    );
    this.status = el("span", { class: "quiet", role: "status" });
    this.list = el("div", { class: "pictures" });
    this.more = el("button", { type: "button", class: "more", click: () => this.showMore() });
    const choice = files.length > 1 && files.length <= 100 ? el("label", {}, "Picture", this.file) : null;
    const bar = el("div", { class: "bar" }, el("label", {}, "Search", this.search), choice, this.status);
    host.replaceChildren(bar, this.list, this.more);
    this.draw();
    // All on paper: a report that is printed stands for the folder.
    window.addEventListener("beforeprint", () => this.draw(this.items.length));
    window.addEventListener("afterprint", () => this.draw());
  }

  showMore() {
    const before = this.list.childElementCount;
    this.count += 4 * GALLERY;
    this.draw();
    this.list.children[before]?.querySelector("button").focus();
  }

  draw(count = this.count) {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.found = this.items.filter(({ study, picture }) => {
      if (this.file.value && picture.file !== this.file.value) return false;
      const text = `${study.label} ${study.patient_id} ${picture.file}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const shownNow = this.found.slice(0, count);
    this.list.replaceChildren(...shownNow.map((item) => thumbnail(item, () => this.found)));
    this.status.textContent = many(this.found.length, "picture");
    this.more.hidden = shownNow.length === this.found.length;
    this.more.textContent = `Show more (${this.found.length - shownNow.length} left)`;
  }
}

class Viewer {
  constructor(dialog) {
    this.dialog = dialog;
    this.title = el("h2", { id: "viewer-h" });
    this.image = el("img", { alt: "" });
    this.below = el("p", { "aria-live": "polite" });
    this.back = el("button", { type: "button", click: () => this.turn(-1) }, "‹ Previous");
    this.next = el("button", { type: "button", click: () => this.turn(1) }, "Next ›");
    const close = el("button", { type: "button", click: () => dialog.close() }, "Close");
    dialog.append(
      el("div", { class: "top" }, this.title, this.back, this.next, close),
      el("div", { class: "stage" }, this.image),
      el("div", { class: "below" }, this.below),
    );
    dialog.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by) this.turn(by);
    });
    // A click beside the picture closes; the dialog itself is hit only there.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  open(item, among) {
    this.among = among;
    this.at = among.indexOf(item);
    this.show();
    this.dialog.showModal();
  }

  turn(by) {
    const to = this.at + by;
    if (to < 0 || to >= this.among.length) return;
    this.at = to;
    this.show();
  }

  // The file itself where it lies beside the report, with all its pixels and frames; the preview where not.
  show() {
    const { study, picture } = this.among[this.at];
    const path = address(study?.folder, picture.file);
    this.title.textContent = study ? study.label : "Summary";
    const size = picture.width ? `, ${picture.width} × ${picture.height} pixels` : "";
    const place = this.among.length > 1 ? ` (${this.at + 1} of ${this.among.length})` : "";
    const link = el("a", { href: path, target: "_blank", rel: "noopener" }, picture.file);
    const note = el("span", { class: "quiet" });
    this.below.replaceChildren(link, size, place, " ", note);
    this.image.alt = study ? `${picture.file} of ${study.label}` : picture.file;
    this.image.removeAttribute("src");
    if (picture.data) this.image.src = source(picture);
    const whole = new Image();
    whole.onload = () => {
      if (this.image.alt && link.isConnected) this.image.src = whole.src;
    };
    whole.onerror = () => {
      note.textContent = picture.data
        ? "The file is not beside this report: this is its preview."
        : "The file cannot be shown.";
    };
    whole.src = path;
    this.back.disabled = this.at === 0;
    this.next.disabled = this.at === this.among.length - 1;
  }
}

const viewer = new Viewer(byId("viewer"));
