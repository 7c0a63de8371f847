// A prediction as bars, one list for each task.

import { element, percent } from "./common.js";

/** Fill a place with the bars of a row of predictions. */
export function showBars(place, tasks, row) {
  place.replaceChildren(...tasks.map((task) => barsOf(task, row)));
}

function barsOf(task, row) {
  const predicted = row[`${task.name}.pred`];
  const title = element("h3", { text: task.name });
  if (!task.classes.length) {
    const number = typeof predicted === "number" ? predicted.toFixed(2) : "–";
    return element("div", { className: "task" }, [title, element("p", { text: number })]);
  }
  const list = element("ul", { "aria-label": `Probabilities of ${task.name}` });
  for (const name of task.classes) {
    list.append(barOf(name, row[`${task.name}.p[${name}]`] ?? 0, name === predicted));
  }
  const parts = [title, list];
  const set = row[`${task.name}.set`];
  if (typeof set === "string") {
    const is = row[`${task.name}.abstains`] ? "abstains: " : "";
    const text = `${is}90 % prediction set: ${set ? set.split(" | ").join(", ") : "no class"}`;
    parts.push(element("p", { className: "muted", text }));
  }
  return element("div", { className: "task" }, parts);
}

function barOf(name, share, isPredicted) {
  const level = element("span", { className: "level" });
  level.style.width = `${100 * share}%`;
  return element("li", { className: isPredicted ? "bar is-predicted" : "bar" }, [
    element("span", { className: "label", text: name }),
    element("span", { className: "track", "aria-hidden": "true" }, [level]),
    element("span", { className: "value", text: percent(share) }),
  ]);
}
