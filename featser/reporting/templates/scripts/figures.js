// Saves figures as SVG files, and switches between views of the same numbers.
{
  // The first rule of the style sheet has the light colours, whatever the page shows now.
  const light = () => {
    const colours = new Map();
    const { style } = document.styleSheets[0].cssRules[0];
    for (const name of style) {
      if (name.startsWith("--")) colours.set(name, style.getPropertyValue(name).trim());
    }
    return colours;
  };

  // Other programs know neither the page's variables nor its classes: values take their place.
  const standalone = (svg) => {
    const colours = light();
    const copy = svg.cloneNode(true);
    const originals = [svg, ...svg.querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((element, at) => {
      for (const attribute of [...element.attributes]) {
        if (!attribute.value.includes("var(")) continue;
        const value = attribute.value.replace(/var\((--[\w-]+)\)/g, (whole, name) =>
          colours.get(name) || whole);
        element.setAttribute(attribute.name, value);
      }
      if (element.localName === "text") {
        element.setAttribute("font-family", getComputedStyle(originals[at]).fontFamily);
      }
    });
    const box = svg.viewBox.baseVal;
    const paper = document.createElementNS(svg.namespaceURI, "rect");
    for (const [name, value] of Object.entries({
      x: box.x, y: box.y, width: box.width, height: box.height, fill: colours.get("--paper"),
    })) paper.setAttribute(name, value);
    copy.prepend(paper);
    copy.removeAttribute("class");
    return new XMLSerializer().serializeToString(copy);
  };

  const save = (svg) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([standalone(svg)], { type: "image/svg+xml" }));
    link.download = `${svg.dataset.name || "figure"}.svg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  for (const svg of document.querySelectorAll("figure > svg")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "save";
    button.textContent = "Save as SVG";
    button.setAttribute("aria-label", `Save as SVG: ${svg.dataset.name || "figure"}`);
    button.addEventListener("click", () => save(svg));
    svg.after(button);
  }

  for (const group of document.querySelectorAll("[data-switch]")) {
    const views = [...group.querySelectorAll("[data-view]")];
    const buttons = document.createElement("div");
    buttons.className = "views";
    buttons.setAttribute("role", "group");
    buttons.setAttribute("aria-label", group.dataset.switch);
    const show = (chosen) => views.forEach((view, at) => {
      view.hidden = view !== chosen;
      buttons.children[at].setAttribute("aria-pressed", String(view === chosen));
    });
    for (const view of views) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = view.dataset.view;
      button.addEventListener("click", () => show(view));
      buttons.append(button);
    }
    group.prepend(buttons);
    show(views[0]);
  }
}
