// The labels of a recording: buttons for classes, a slider for a scale.

import { element } from "./common.js";

const TICKS = 11;
const FIGURES = 5;
const CANNOT = "cannot say";

/** The values that the keys 1 to 9 choose; of a scale, the levels with these numbers. */
export function valueOfKey(label, key) {
  if (!/^[1-9]$/.test(key)) {
    return undefined;
  }
  return label.is_scale ? label.values.find((value) => value === key) : label.values[Number(key) - 1];
}

export class LabelChoices {
  /** choose is called with label and value when one is given. */
  constructor(place, labels, choose) {
    this.labels = labels;
    this.choose = choose;
    this.active = labels[0].name;
    this.groups = new Map(labels.map((label) => [label.name, this.#group(label)]));
    place.replaceChildren(...[...this.groups.values()].map((one) => one.group));
  }

  /** Show the values of a recording, which label the keys choose for, and what is not saved. */
  show(values, active, unsaved = {}) {
    this.active = active;
    for (const label of this.labels) {
      const { group, set } = this.groups.get(label.name);
      group.classList.toggle("is-active", label.name === active);
      group.classList.toggle("is-unsaved", unsaved[label.name] !== undefined);
      set(unsaved[label.name] ?? values[label.name], unsaved[label.name] === undefined);
    }
  }

  #group(label) {
    const made = label.is_scale ? this.#scale(label) : this.#classes(label);
    const legend = element("legend", { text: label.name });
    const group = element("fieldset", { className: "label-group", "data-label": label.name }, [
      legend, ...made.parts,
    ]);
    return { group, set: made.set };
  }

  #button(label, value, text, key) {
    const parts = key ? [element("kbd", { text: key, "aria-hidden": "true" }), ` ${text}`] : [text];
    const button = element("button", { type: "button", "aria-pressed": "false" }, parts);
    if (key) {
      button.setAttribute("aria-keyshortcuts", key);
    }
    button.addEventListener("click", (event) => {
      if (event.detail > 0) {
        button.blur(); // after the mouse the space bar plays; after the Tab key it presses
      }
      this.choose(label, value);
    });
    return button;
  }

  #classes(label) {
    const buttons = new Map();
    label.values.forEach((value, number) => {
      buttons.set(value, this.#button(label, value, value, number < 9 ? String(number + 1) : ""));
    });
    buttons.set("", this.#button(label, "", CANNOT, "x"));
    const set = (chosen) => {
      for (const [value, button] of buttons) {
        button.setAttribute("aria-pressed", String(value === chosen));
      }
    };
    return { parts: [element("div", { className: "choices" }, [...buttons.values()])], set };
  }

  #scale(label) {
    const low = Number(label.values[0]);
    const high = Number(label.values[label.values.length - 1]);
    const slider = element("input", {
      type: "range", min: low, max: high, step: 1, "aria-label": label.name,
    });
    const shown = element("output", {});
    const cannot = this.#button(label, "", CANNOT, "x");
    const [lowEnd, highEnd] = label.ends;
    const parts = [
      element("div", { className: "scale" }, [
        ...figuresOf(label),
        element("span", { className: "end is-low", text: lowEnd }),
        slider,
        element("span", { className: "end is-high", text: highEnd }),
        ...ticksOf(label.values),
      ]),
      element("div", { className: "scale-row" }, [shown, cannot]),
    ];
    let current;
    const save = () => {
      if (slider.value !== current) {
        this.choose(label, slider.value);
      }
    };
    slider.addEventListener("input", () => {
      shown.textContent = slider.value;
    });
    slider.addEventListener("change", save);
    slider.addEventListener("click", save); // the middle, where the slider stands already
    const set = (chosen, isSaved) => {
      current = isSaved ? chosen : undefined;
      const isSet = chosen !== undefined && chosen !== "";
      slider.value = isSet ? chosen : String(Math.round((low + high) / 2));
      slider.classList.toggle("is-unset", !isSet);
      const text = isSet ? chosen : (chosen === "" ? CANNOT : "not given");
      shown.textContent = text;
      slider.setAttribute("aria-valuetext", text);
      cannot.setAttribute("aria-pressed", String(chosen === ""));
    };
    return { parts, set };
  }
}

/** Pictures of a well-known scale above its slider; the style sheet draws them in its colours. */
function figuresOf(label) {
  if (!label.figures) {
    return [];
  }
  const [low, high] = label.ends;
  const text = `${FIGURES} figures, from ${low} to ${high}`;
  const figures = Array.from({ length: FIGURES }, () => element("span", { className: "manikin" }));
  const className = `manikins manikins-${label.figures}`;
  return [element("div", { className, role: "img", "aria-label": text }, figures)];
}

function ticksOf(values) {
  if (values.length > TICKS) {
    return [];
  }
  const ticks = values.map((value) => element("span", { text: value }));
  return [element("div", { className: "ticks", "aria-hidden": "true" }, ticks)];
}
