// The map of a run's recordings: marks that are pointed at, gone through by keys, and opened.

import { element } from "./common.js";

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = [
  "M-4.2 0a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0-8.4 0z", "M-3.8-3.8h7.6v7.6h-7.6z",
  "M0-5L4.8 3.8H-4.8z", "M0-5.4L5.4 0L0 5.4L-5.4 0z", "M0 5L4.8-3.8H-4.8z",
  "M-1.6-5h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4v-3.2h3.4z", "M-5.2-2h10.4v4h-10.4z",
];
const COLOURS = 8;
const EDGE = 14;
const REACH = 18;
const DIRECTIONS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};
const byId = (id) => document.getElementById(id);

function drawn(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  return made;
}

/** Seven shapes and eight colours: the first 56 groups all differ. */
function lookOf(code) {
  return { d: SHAPES[code % SHAPES.length], fill: `var(--c${code % COLOURS})` };
}

export class ClipMap {
  /** page opens the recording of a mark, and has the client that asks for the map. */
  constructor(page) {
    this.page = page;
    this.label = "";
    this.made = null;
    this.marks = [];
    this.places = [];
    this.selected = -1;
    this.plot = byId("map-plot");
    byId("map-make").addEventListener("click", () => this.#make());
    byId("map-kind").addEventListener("change", () => this.#draw());
    byId("map-colour").addEventListener("change", () => this.#draw());
    this.plot.addEventListener("pointermove", (event) => this.#say(this.#nearest(event)));
    this.plot.addEventListener("pointerleave", () => this.#say(this.selected));
    this.plot.addEventListener("click", (event) => this.#open(this.#nearest(event)));
    this.plot.addEventListener("keydown", (event) => this.#key(event));
    let width = 0;
    new ResizeObserver(() => {
      if (this.made && this.plot.clientWidth !== width) {
        width = this.plot.clientWidth;
        this.#draw();
      }
    }).observe(this.plot);
  }

  /** The page shows a recording of a label: mark it, or offer the map of this label. */
  follow(clip, label) {
    byId("map-panel").hidden = false;
    if (label !== this.label) {
      this.label = label;
      this.made = null;
      byId("map-view").hidden = true;
      byId("map-make").hidden = false;
      byId("map-status").textContent = "";
    }
    this.#select(clip);
  }

  async #make() {
    const label = this.label;
    const button = byId("map-make");
    button.disabled = true;
    byId("map-status").textContent = "making the map …";
    try {
      const made = await this.page.client.map(label);
      if (label === this.label) {
        this.#show(made);
      }
    } catch (error) {
      byId("map-status").textContent = `There is no map: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  }

  #show(made) {
    this.made = made;
    byId("map-status").textContent = "";
    byId("map-make").hidden = true;
    byId("map-view").hidden = false;
    byId("map-kind").replaceChildren(...made.maps.map((one) =>
      element("option", { text: one.title, value: one.name })));
    this.#draw();
    this.plot.focus({ preventScroll: true });
  }

  /** The groups of the chosen colour: their names, and the group of each recording. */
  #groups() {
    const { clips } = this.page;
    const chosen = byId("map-colour").value;
    const values = clips.map((clip, number) => {
      const shown = clip.tasks[this.label];
      if (chosen === "speaker") {
        return this.made.speakers[number] || "not given";
      }
      if (!shown) {
        return "";
      }
      return chosen === "correct" ? (shown.label === shown.prediction ? "right" : "wrong") : shown[chosen];
    });
    const isLabel = chosen === "label" || chosen === "prediction";
    const names = isLabel ? this.page.labels[0].values : [...new Set(values)].filter(Boolean).sort();
    return { names, codes: values.map((value) => names.indexOf(value)) };
  }

  #draw() {
    const map = this.made.maps.find((one) => one.name === byId("map-kind").value);
    const { names, codes } = this.#groups();
    const width = Math.max(240, this.plot.clientWidth);
    const height = Math.round(Math.min(560, Math.max(300, 0.66 * width)));
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" });
    this.places = map.x.map((x, number) => (x === null ? null : [
      EDGE + (x / 1000) * (width - 2 * EDGE), height - EDGE - (map.y[number] / 1000) * (height - 2 * EDGE),
    ]));
    this.marks = this.places.map((place, number) => {
      if (!place) {
        return null;
      }
      const transform = `translate(${place[0].toFixed(1)} ${place[1].toFixed(1)})`;
      const mark = drawn("path", { ...lookOf(Math.max(0, codes[number])), transform });
      svg.append(mark);
      return mark;
    });
    this.plot.replaceChildren(svg);
    byId("map-meaning").textContent = map.meaning;
    byId("map-legend").replaceChildren(...names.map((name, code) => {
      const sign = drawn("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" });
      sign.append(drawn("path", lookOf(code)));
      return element("li", {}, [sign, name]);
    }));
    this.#select(this.selected);
  }

  #select(clip) {
    this.marks[this.selected]?.classList.remove("is-selected");
    this.selected = clip;
    const mark = this.marks[clip];
    if (this.made && mark) {
      mark.classList.add("is-selected");
      mark.parentNode.append(mark); // on top of the others
    }
    this.#say(clip);
  }

  #say(clip) {
    const shown = this.made && clip >= 0 ? this.page.clips[clip].tasks[this.label] : undefined;
    if (!shown) {
      return;
    }
    const share = Math.max(...shown.shares).toFixed(2);
    const speaker = this.made.speakers[clip];
    const who = speaker ? `, speaker ${speaker}` : "";
    byId("map-detail").textContent = `${this.page.clips[clip].name}: label ${shown.label}, ` +
      `prediction ${shown.prediction}, highest probability ${share}${who}`;
  }

  #open(clip) {
    if (clip >= 0) {
      this.page.open(clip);
    }
  }

  #nearest(event) {
    const box = this.plot.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return this.#best((place) => {
      const distance = Math.hypot(place[0] - x, place[1] - y);
      return distance < REACH ? distance : Infinity;
    });
  }

  /** The mark with the lowest cost; -1 where all are infinite. */
  #best(cost) {
    let [best, least] = [-1, Infinity];
    this.places.forEach((place, number) => {
      const own = place ? cost(place, number) : Infinity;
      if (own < least) {
        [best, least] = [number, own];
      }
    });
    return best;
  }

  #step([right, down]) {
    const from = this.places[this.selected];
    if (!from) {
      return this.places.findIndex(Boolean);
    }
    const next = this.#best(([x, y], number) => {
      const along = (x - from[0]) * right + (y - from[1]) * down;
      const across = Math.abs((x - from[0]) * down + (y - from[1]) * right);
      return number === this.selected || along <= 0 ? Infinity : along + 2 * across;
    });
    return next < 0 ? this.selected : next;
  }

  #key(event) {
    if (event.key in DIRECTIONS) {
      this.#select(this.#step(DIRECTIONS[event.key]));
    } else if (event.key === "Enter") {
      this.#open(this.selected);
    } else {
      return;
    }
    event.preventDefault();
  }
}
