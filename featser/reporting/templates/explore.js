"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const SHAPES = [
    "M-4.2 0a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0-8.4 0z", "M-3.8-3.8h7.6v7.6h-7.6z",
    "M0-5L4.8 3.8H-4.8z", "M0-5.4L5.4 0L0 5.4L-5.4 0z",
    "M0 5L4.8-3.8H-4.8z", "M-1.6-5h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4v-3.2h3.4z",
    "M-5-2.8L-2.8-5L0-2.2L2.8-5L5-2.8L2.2 0L5 2.8L2.8 5L0 2.2L-2.8 5L-5 2.8L-2.2 0z",
    "M0-5.4L1.5-1.7L5.4-1.7L2.3.8L3.4 4.6L0 2.3L-3.4 4.6L-2.3.8L-5.4-1.7L-1.5-1.7z",
    "M-4.6-5h9.2L1 0L4.6 5h-9.2L-1 0z", "M-5.2-2h10.4v4h-10.4z", "M-2-5.2h4v10.4h-4z",
    "M-5 2.4a5 5 0 0 1 10 0z",
  ];
  const COLOURS = 8;
  const CYCLE = 24; // after as many, colours and shapes would meet again: the shapes move on by one
  const REACH = 18;
  const $ = (id) => document.getElementById(id);

  // One recording at a time.
  const players = [...document.querySelectorAll("audio")];
  for (const player of players) {
    player.addEventListener("play", () => {
      for (const other of players) if (other !== player) other.pause();
    });
  }
  const data = JSON.parse($("map-data").textContent);
  if (!data) return;

  const plot = $("map-plot"), detail = $("map-detail"), player = $("map-player");
  const kind = $("map-kind"), colour = $("map-colour"), legend = $("map-legend");
  const element = (name, attributes) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const look = (code) => ({
    d: SHAPES[(code + Math.floor(code / CYCLE)) % SHAPES.length], fill: `var(--c${code % COLOURS})`,
  });
  const canvas = (holder) => {
    const width = Math.max(240, holder.clientWidth);
    const height = Math.round(Math.min(560, Math.max(300, 0.66 * width)));
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" });
    return { svg, x: (v) => 14 + (v / 1000) * (width - 28), y: (v) => height - 14 - (v / 1000) * (height - 28) };
  };

  let places = [], marks = [], selected = -1, shown = -1;
  const grouping = () => data.colours[colour.value];

  const text = (i) => {
    const shares = data.classes.map((name, k) => [name, data.shares[i * data.classes.length + k] / 1000]);
    shares.sort((a, b) => b[1] - a[1]);
    const first = shares.slice(0, 4).map(([name, share]) => `${name} ${share.toFixed(3)}`).join(", ");
    const who = data.speaker[i] ? `, speaker ${data.speaker[i]}` : "";
    return `${data.names[i]}\nLabel ${data.classes[data.label[i]]}, predicted ${data.classes[data.prediction[i]]}${who}\n${first}`;
  };
  const show = (i) => {
    if (i === shown) return;
    shown = i;
    detail.textContent = i < 0 ? "No recording is selected." : text(i);
  };
  const select = (i) => {
    if (selected >= 0) marks[selected]?.classList.remove("selected");
    selected = i;
    const mark = marks[i];
    mark.classList.add("selected");
    mark.parentNode.append(mark);
    show(i);
    const link = data.links[i];
    player.hidden = !link;
    player.pause();
    if (link) player.src = link.startsWith("data:") ? link : data.prefix + link;
    else detail.textContent += `\n${data.problems[i] || "This recording cannot be played here."}`;
  };
  const play = () => {
    if (selected >= 0 && !player.hidden) {
      player.play().catch(() => { detail.textContent = `${text(selected)}\nThe browser cannot play this recording.`; });
    }
  };
  const nearest = (event) => {
    const box = plot.firstChild.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    let best = -1, least = REACH * REACH;
    places.forEach((place, i) => {
      if (!place) return;
      const d = (place[0] - x) ** 2 + (place[1] - y) ** 2;
      if (d < least && !marks[i].classList.contains("faded")) { least = d; best = i; }
    });
    return best;
  };
  const step = (dx, dy) => {
    if (selected < 0 || !places[selected]) return places.findIndex(Boolean);
    const [x, y] = places[selected];
    let best = selected, least = Infinity;
    places.forEach((place, i) => {
      if (!place || i === selected || marks[i].classList.contains("faded")) return;
      const along = (place[0] - x) * dx + (place[1] - y) * dy;
      const across = Math.abs((place[0] - x) * dy + (place[1] - y) * dx);
      if (along <= 0) return;
      const cost = along + 2 * across;
      if (cost < least) { least = cost; best = i; }
    });
    return best;
  };

  const fade = () => {
    const pressed = [...legend.querySelectorAll('[aria-pressed="true"]')].map((b) => Number(b.dataset.code));
    const codes = grouping().codes;
    marks.forEach((mark, i) => mark?.classList.toggle("faded", pressed.length > 0 && !pressed.includes(codes[i])));
  };
  const drawLegend = () => {
    legend.replaceChildren(...grouping().names.map((name, code) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.code = code;
      button.setAttribute("aria-pressed", "false");
      const sign = element("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" });
      sign.append(element("path", look(code)));
      button.append(sign, name);
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
        fade();
      });
      return button;
    }));
  };
  const draw = () => {
    const map = data.maps[kind.value];
    const { svg, x, y } = canvas(plot);
    const codes = grouping().codes;
    places = map.x.map((v, i) => (v === null ? null : [x(v), y(map.y[i])]));
    marks = places.map((place, i) => {
      if (!place) return null;
      const mark = element("path", { ...look(codes[i]), class: "mark", transform: `translate(${place[0].toFixed(1)} ${place[1].toFixed(1)})` });
      svg.append(mark);
      return mark;
    });
    plot.replaceChildren(svg);
    $("map-meaning").textContent = map.meaning;
    if (selected >= 0 && marks[selected]) marks[selected].classList.add("selected");
    fade();
  };
  const drawSpeakers = () => {
    const holder = $("speaker-plot");
    if (!holder) return;
    const { svg, x, y } = canvas(holder);
    for (const one of data.speakers) {
      const share = Number.isFinite(one.uar) ? one.uar : 0;
      const spot = element("circle", {
        cx: x(one.x), cy: y(one.y), r: 5, fill: "var(--fill)", "fill-opacity": 0.15 + 0.85 * share, stroke: "var(--fill)",
      });
      svg.append(spot);
    }
    for (const one of data.speakers) {
      if (!one.named) continue;
      const right = x(one.x) > 0.7 * holder.clientWidth;
      const label = element("text", { x: x(one.x) + (right ? -8 : 8), y: y(one.y) + 4, "text-anchor": right ? "end" : "start" });
      label.textContent = one.text;
      svg.append(label);
    }
    holder.replaceChildren(svg);
  };

  kind.addEventListener("change", draw);
  colour.addEventListener("change", () => { drawLegend(); draw(); });
  plot.addEventListener("pointermove", (event) => { const i = nearest(event); if (i >= 0) show(i); });
  plot.addEventListener("pointerleave", () => { if (selected >= 0) show(selected); });
  plot.addEventListener("click", (event) => { const i = nearest(event); if (i >= 0) { select(i); play(); } });
  const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  plot.addEventListener("keydown", (event) => {
    if (event.key in DIRECTIONS) {
      const i = step(...DIRECTIONS[event.key]);
      if (i >= 0) select(i);
    } else if (event.key === "Enter" || event.key === " ") play();
    else if (event.key === "Escape") player.pause();
    else return;
    event.preventDefault();
  });
  drawLegend();
  draw();
  drawSpeakers();
  let width = plot.clientWidth;
  new ResizeObserver(() => {
    if (plot.clientWidth !== width) { width = plot.clientWidth; draw(); drawSpeakers(); }
  }).observe(plot);
})();
