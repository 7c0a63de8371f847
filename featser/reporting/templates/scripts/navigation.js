// Marks the current section in the navigation, which folds up to one line on narrow screens.
{
  const nav = document.querySelector("nav.sections");
  const links = nav ? [...nav.querySelectorAll("a")] : [];
  const sections = links
    .map((link) => [link, document.getElementById(link.hash.slice(1))])
    .filter(([, target]) => target);
  if (sections.length) {
    const list = nav.querySelector("ul");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "menu";
    button.setAttribute("aria-controls", list.id);
    const unfold = (open) => {
      nav.classList.toggle("open", open);
      button.setAttribute("aria-expanded", String(open));
    };
    button.addEventListener("click", () => unfold(!nav.classList.contains("open")));
    nav.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && nav.classList.contains("open")) {
        unfold(false);
        button.focus();
      }
    });
    list.addEventListener("click", (event) => {
      if (event.target.closest("a")) unfold(false);
    });
    nav.prepend(button);
    document.documentElement.classList.add("navigable");
    unfold(false);

    let current = null;
    const mark = () => {
      const line = innerHeight / 4;
      const atEnd = scrollY > 0 && scrollY + innerHeight >= document.body.scrollHeight - 2;
      let [found] = atEnd ? sections[sections.length - 1] : [null];
      if (!atEnd) {
        for (const [link, target] of sections) {
          if (target.getBoundingClientRect().top <= line) found = link;
        }
      }
      if (found === current && button.textContent) return;
      if (current) current.removeAttribute("aria-current");
      if (found) found.setAttribute("aria-current", "location");
      current = found;
      button.textContent = found ? `Sections: ${found.textContent}` : "Sections";
    };
    let isWaiting = false;
    const markSoon = () => {
      if (isWaiting) return;
      isWaiting = true;
      requestAnimationFrame(() => { isWaiting = false; mark(); });
    };
    addEventListener("scroll", markSoon, { passive: true });
    addEventListener("resize", markSoon);
    addEventListener("toggle", markSoon, true);
    mark();
  }
}
