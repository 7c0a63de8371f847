// A page that goes through a queue of recordings: annotation, and review of a run.

import { element } from "./common.js";
import { ClipPlayer } from "./clip-player.js";
import { LabelChoices, valueOfKey } from "./label-choices.js";
import { QueueClient } from "./queue-client.js";
import { UnsavedChoices } from "./unsaved-choices.js";

const POLL_MS = 700;
const byId = (id) => document.getElementById(id);

export class QueuePage {
  /**
   * showDetails fills a place with what is known of a recording; it is called with the place, the
   * recording, the label and the recording's number. With oneLabel, only the label that the order
   * is about is given.
   */
  constructor(kind, { showDetails = () => undefined, oneLabel = false } = {}) {
    this.showDetails = showDetails;
    this.oneLabel = oneLabel;
    this.client = new QueueClient(kind, (text) => this.#waiting(text));
    this.unsaved = new UnsavedChoices(byId("unsaved"), () => this.#guarded(() => this.#saveAgain()));
    this.player = new ClipPlayer(byId("player"), this.client);
    this.place = 0;
    this.latest = Promise.resolve();
    this.isWaiting = false;
    this.raterKey = `featser-rater-${kind}`;
  }

  async begin() {
    byId("rater").value = localStorage.getItem(this.raterKey) ?? "";
    byId("rater-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#guarded(() => this.#start(byId("rater").value));
    });
    byId("previous").addEventListener("click", () => this.#guarded(() => this.#move(-1)));
    byId("next").addEventListener("click", () => this.#guarded(() => this.#move(1)));
    byId("names").addEventListener("change", () => this.#showName());
    byId("other-rater").addEventListener("click", () => {
      byId("work").hidden = true;
      byId("export-panel").hidden = this.client.kind === "annotate";
      byId("rater-panel").hidden = false;
      byId("rater").select();
    });
    byId("undo").addEventListener("click", () => this.#guarded(() => this.#undo()));
    byId("order").addEventListener("change", () => this.#guarded(() => this.#order(false)));
    byId("recompute").addEventListener("click", () => this.#guarded(() => this.#order(true)));
    byId("measure")?.addEventListener("click", () => this.#guarded(() => this.#agreement()));
    document.addEventListener("keydown", (event) => this.#key(event));
    await this.#guarded(async () => this.#load(""));
    document.documentElement.dataset.ready = "yes";
  }

  async #start(rater) {
    if (rater !== this.client.rater) {
      this.unsaved.clear(); // they are another rater's
    }
    this.client.rater = rater;
    await this.#load(byId("order").value);
    localStorage.setItem(this.raterKey, this.client.rater);
    byId("rater").value = this.client.rater;
    byId("who").textContent = this.client.rater;
    byId("rater-panel").hidden = true;
    byId("work").hidden = false;
    this.#offerExport();
    await this.#show(Math.max(0, this.#nextOpen(-1)));
    document.activeElement?.blur();
    byId("work").scrollIntoView({ block: "nearest" });
  }

  /** Offer the rater's own annotations: nobody sees those of the others on the page. */
  #offerExport() {
    byId("export-panel").hidden = false;
    for (const link of document.querySelectorAll("a.export")) {
      const wanted = new URL(link.href);
      wanted.searchParams.set("rater", this.client.rater);
      link.href = wanted.href;
    }
  }

  async #load(order) {
    this.#take(await this.client.load(order));
  }

  #take(answer) {
    Object.assign(this, { clips: answer.clips, order: answer.order, orders: answer.orders });
    const about = answer.orders.find((one) => one.name === answer.order_name).label;
    const isShown = (label) => !this.oneLabel || label.name === (about || answer.labels[0].name);
    this.labels = answer.labels.filter(isShown);
    this.choices = new LabelChoices(byId("labels"), this.labels, (label, value) =>
      this.#guarded(() => this.#choose(label, value)));
    this.values = new Map(Object.entries(answer.values).map(([clip, held]) => [Number(clip), held]));
    byId("title").textContent = answer.title;
    byId("notes").replaceChildren(...answer.notes.map((text) => element("li", { text })));
    this.#showOrders(answer.order_name);
  }

  #showOrders(chosen) {
    const select = byId("order");
    select.replaceChildren(...this.orders.map((one) => element("option", {
      text: one.is_ready ? one.title : `${one.title} (computed when chosen)`, value: one.name,
    })));
    select.value = chosen;
    byId("recompute").hidden = !this.#chosenOrder()?.is_computed;
  }

  #chosenOrder() {
    return this.orders.find((one) => one.name === byId("order").value);
  }

  // Recordings

  get clip() {
    return this.order[this.place];
  }

  #held(clip) {
    return this.values.get(clip) ?? {};
  }

  #isDone(clip) {
    return this.labels.every((label) => this.#held(clip)[label.name] !== undefined);
  }

  /** The place of the next recording with a label to give, from the beginning again at the end. */
  #nextOpen(after) {
    const count = this.order.length;
    for (let step = 1; step <= count; step += 1) {
      const place = (after + step + count) % count;
      if (!this.#isDone(this.order[place])) {
        return place;
      }
    }
    return -1;
  }

  async #show(place, active) {
    this.place = place;
    const isEmpty = !this.order.length;
    this.#showName();
    if (isEmpty) {
      this.#count();
      return;
    }
    this.showDetails(byId("details"), this.clips[this.clip], this.labels[0], this.clip);
    this.#showValues(active);
    this.#play(this.clip);
  }

  /** Open a recording by its number; where the order lacks it, in the order that has all. */
  open(clip) {
    return this.#guarded(async () => {
      if (!this.order.includes(clip)) {
        await this.#load(`uncertain:${this.labels[0].name}`);
      }
      await this.#show(this.order.indexOf(clip));
    });
  }

  /** Say which recording it is; its file name only where it is asked for: it may tell the label. */
  #showName() {
    const count = this.order.length;
    byId("place").textContent = count ? `${this.place + 1} of ${count}` : "No recording in this order";
    const isNamed = count && byId("names").checked;
    byId("clip-name").textContent = isNamed ? this.clips[this.clip].name : "";
  }

  /** Play a recording when it has come; meanwhile the keys work. */
  async #play(clip) {
    try {
      await this.player.show(clip, byId("auto-play").checked);
    } catch (error) {
      if (clip === this.clip) {
        this.#problem(error.message);
      }
    }
    if (clip === this.clip && this.place + 1 < this.order.length) {
      this.player.prepare(this.order[this.place + 1]);
    }
  }

  #showValues(active) {
    const held = this.#held(this.clip);
    const open = this.labels.find((label) => held[label.name] === undefined);
    this.choices.show(held, active ?? (open ?? this.labels[0]).name, this.unsaved.of(this.clip));
    this.#count();
  }

  #count() {
    const done = this.order.filter((clip) => this.#isDone(clip)).length;
    byId("progress").max = Math.max(1, this.order.length);
    byId("progress").value = done;
    byId("count").textContent = `${done} of ${this.order.length} done`;
  }

  async #move(step) {
    const place = this.place + step;
    if (place >= 0 && place < this.order.length) {
      await this.#show(place);
    }
  }

  // Clicks

  async #choose(label, value) {
    if (!this.order.length) {
      return;
    }
    this.#tell("saving …");
    const clip = this.clip;
    if (!(await this.#save(clip, label.name, value))) {
      this.#tell("");
      this.#showValues(label.name);
      return;
    }
    this.#tell(`saved: ${label.name} ${value || "cannot say"}`);
    if (!this.#isDone(clip) || !byId("auto-next").checked) {
      this.#showValues(this.#isDone(clip) ? label.name : undefined);
      return;
    }
    const next = this.#nextOpen(this.place);
    if (next < 0) {
      this.#showValues(label.name);
      this.#tell("saved. All recordings are done.");
      return;
    }
    await this.#show(next);
  }

  /** Let the server save a choice; one that it cannot save is kept, and tried again when asked. */
  async #save(clip, label, value) {
    try {
      const answer = await this.client.click(clip, label, value);
      this.values.set(clip, answer.values);
      this.unsaved.remove(clip, label);
      return true;
    } catch (error) {
      if (!(error.status >= 500)) {
        throw error;
      }
      this.unsaved.add(clip, label, value, error.message);
      return false;
    }
  }

  async #saveAgain() {
    this.#tell("saving …");
    for (const { clip, label, value } of this.unsaved.all()) {
      if (!(await this.#save(clip, label, value))) {
        this.#tell("");
        return;
      }
    }
    this.#tell("saved");
    const next = byId("auto-next").checked && this.#isDone(this.clip) ? this.#nextOpen(this.place) : -1;
    if (next < 0) {
      this.#showValues();
    } else {
      await this.#show(next);
    }
  }

  async #undo() {
    const unsaved = this.unsaved.takeBack();
    const undone = unsaved ?? await this.client.undo();
    this.#tell(`undone: ${undone.label}`);
    if (undone.clip === null) {
      return; // a recording that is not in this list any more
    }
    if (!unsaved) {
      this.values.set(undone.clip, undone.values);
    }
    const place = this.order.indexOf(undone.clip);
    await this.#show(place < 0 ? this.place : place, place < 0 ? undefined : undone.label);
  }

  #tell(text) {
    byId("saved").textContent = text;
  }

  #problem(text) {
    byId("problem").textContent = text;
    byId("problem").hidden = !text;
  }

  /** What is said while the server does not answer; keys are left out until it does. */
  #waiting(text) {
    this.isWaiting = text !== "";
    this.#problem(text);
  }

  /** Do one thing after the other, in the order of the keys. */
  #guarded(action) {
    if (!this.isWaiting) {
      this.latest = this.latest.then(() => this.#reported(action));
    }
    return this.latest;
  }

  async #reported(action) {
    try {
      this.#problem("");
      await action();
    } catch (error) {
      this.#tell("");
      this.#problem(error.message);
    }
  }

  // Orders

  async #order(isAgain) {
    const chosen = this.#chosenOrder();
    byId("recompute").hidden = true;
    if (isAgain || !chosen.is_ready) {
      await this.#computed(chosen.name);
    }
    await this.#load(chosen.name);
    await this.#show(Math.max(0, this.#nextOpen(-1)));
  }

  async #computed(name) {
    let state = await this.client.startComputing(name);
    while (state.is_running) {
      const share = state.done ? ` ${state.done} of ${state.of}` : "";
      byId("computing").textContent = `computing …${share}`;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      state = await this.client.progressOf(name);
    }
    byId("computing").textContent = "";
    if (state.error) {
      this.#showOrders(this.orders[0].name);
      throw new Error(state.error);
    }
  }

  // Agreement

  async #agreement() {
    const { after_clicks: clicks, labels } = await this.client.agreement();
    if (!labels.length) {
      byId("agreement").textContent = "No label has two raters yet.";
      return;
    }
    const head = ["label", "coefficient", "value", "95 % interval", "recordings", "raters"];
    const rows = labels.map((one) => [
      one.label, one.title, number(one.value), `${number(one.low)} to ${number(one.high)}`,
      one.recordings, one.raters,
    ]);
    const cells = (texts, tag) => element("tr", {}, texts.map((text) => element(tag, { text })));
    byId("agreement").replaceChildren(
      element("table", {}, [
        element("thead", {}, [cells(head, "th")]),
        element("tbody", {}, rows.map((row) => cells(row, "td"))),
      ]),
      element("p", { className: "muted", text: `After ${clicks} clicks; measured again every 10.` }),
    );
  }

  // Keys

  #key(event) {
    const isTyping = event.target.matches("input:not([type=checkbox]):not([type=range]), select, textarea");
    if (isTyping || event.ctrlKey || event.altKey || event.metaKey || byId("work").hidden) {
      return;
    }
    const action = byId("shortcuts").checked ? this.#actionOf(event) : undefined;
    if (action) {
      event.preventDefault();
      this.#guarded(action);
    }
  }

  #actionOf({ key, target }) {
    const isMap = target.matches("[role=application]");
    const isControl = isMap || target.matches("button, a, audio, summary, input[type=checkbox]");
    const isSlider = target.matches("input[type=range]");
    if (/^[1-9x]$/.test(key)) {
      return () => this.#chooseByKey(key);
    }
    if (key === " " && !isControl) {
      return () => this.player.toggle();
    }
    const others = {
      ArrowLeft: () => this.#move(-1),
      ArrowRight: () => this.#move(1),
      ArrowUp: () => this.#activate(-1),
      ArrowDown: () => this.#activate(1),
      u: () => this.#undo(),
    };
    const isNative = key.startsWith("Arrow") && (isMap || isSlider || target.matches("audio"));
    return isNative ? undefined : others[key];
  }

  async #chooseByKey(key) {
    const label = this.labels.find((one) => one.name === this.choices.active);
    const value = key === "x" ? "" : valueOfKey(label, key);
    if (value !== undefined) {
      await this.#choose(label, value);
    }
  }

  async #activate(step) {
    const at = this.labels.findIndex((one) => one.name === this.choices.active);
    const to = Math.min(this.labels.length - 1, Math.max(0, at + step));
    this.choices.show(
      this.#held(this.clip), this.labels[to].name, this.unsaved.of(this.clip));
  }
}

function number(value) {
  return value === null ? "–" : value.toFixed(2);
}
