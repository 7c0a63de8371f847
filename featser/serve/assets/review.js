// The page "Review": what a finished run got wrong, with its truth and prediction.

import { element } from "./common.js";
import { showBars } from "./bars.js";
import { ClipMap } from "./clip-map.js";
import { QueuePage } from "./queue-page.js";

function fact(name, text) {
  return element("div", {}, [element("dt", { text: name }), element("dd", { text })]);
}

function showDetails(place, clip, label, number) {
  map.follow(number, label.name);
  const shown = clip.tasks[label.name];
  if (!shown) {
    place.replaceChildren(element("p", { className: "muted", text: `No label of ${label.name}.` }));
    return;
  }
  const facts = [fact("label", shown.label), fact("prediction", shown.prediction)];
  const bars = element("div", { className: "bars" });
  const row = { [`${label.name}.pred`]: shown.prediction };
  label.values.forEach((name, number) => {
    row[`${label.name}.p[${name}]`] = shown.shares[number];
  });
  showBars(bars, [{ name: label.name, classes: label.values }], row);
  const doubt = shown.doubt ? [element("p", { className: "mark", text: shown.doubt })] : [];
  place.replaceChildren(element("dl", { className: "truth" }, facts), ...doubt, bars);
}

const page = new QueuePage("review", { showDetails, oneLabel: true });
const map = new ClipMap(page);
await page.begin();
