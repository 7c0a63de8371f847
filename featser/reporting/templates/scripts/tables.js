// Sorts tables by the columns of their last header row, and filters those with many rows: by words,
// all of which a row must have, and phrases in quotes.
{
  const FILTERED_FROM = 12;
  const STEPS = { none: "ascending", ascending: "descending", descending: "none" };

  // The number that a cell begins with: "1 466", "+0.031 [0.002, 0.060]", "< 0.001".
  const numberIn = (text) => {
    const plain = text.trim().replace(/(\d)[\u2009\u202f](?=\d{3})/g, "$1").replace("\u2212", "-");
    const match = plain.match(/^[<>~≤≥\s]*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)/i);
    return match ? Number(match[1]) : NaN;
  };

  const compareText = new Intl.Collator("en", { numeric: true }).compare;

  // Cells without a value stay last in both directions.
  const compare = (one, two, isText, sign) => {
    if (isText) return sign * compareText(one, two);
    const [a, b] = [numberIn(one), numberIn(two)];
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return sign * (a - b);
  };

  const sortBy = (table, head, column, original) => {
    const step = STEPS[head.getAttribute("aria-sort") || "none"];
    for (const other of table.tHead.querySelectorAll("[aria-sort]")) {
      other.removeAttribute("aria-sort");
    }
    const rows = [...original];
    if (step !== "none") {
      head.setAttribute("aria-sort", step);
      const sign = step === "ascending" ? 1 : -1;
      const isText = head.classList.contains("text");
      const cell = (row) => row.cells[column].textContent.trim();
      rows.sort((one, two) => compare(cell(one), cell(two), isText, sign));
    }
    table.tBodies[0].append(...rows);
  };

  const makeSortable = (table) => {
    const original = [...table.tBodies[0].rows];
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    const isEven = original.every((row) => row.cells.length === heads.length);
    if (original.length < 2 || !isEven) return;
    heads.forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sortBy(table, head, column, original));
      head.append(button);
    });
  };

  const makeFilterable = (table, box, number) => {
    const rows = [...table.tBodies[0].rows];
    if (rows.length <= FILTERED_FROM) return;
    const texts = rows.map((row) =>
      [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase());
    const line = document.createElement("p");
    line.className = "filter";
    const label = document.createElement("label");
    label.htmlFor = `filter-${number}`;
    label.textContent = "Filter rows ";
    const input = document.createElement("input");
    input.type = "search";
    input.id = label.htmlFor;
    const shown = document.createElement("span");
    shown.setAttribute("role", "status");
    input.addEventListener("input", () => {
      const parts = input.value.toLowerCase().match(/"[^"]+"|[^\s"]+/g) || [];
      const words = parts.map((part) => part.replaceAll('"', ""));
      let count = 0;
      rows.forEach((row, at) => {
        row.hidden = !words.every((word) => texts[at].includes(word));
        count += !row.hidden;
      });
      shown.textContent = words.length ? `${count} of ${rows.length} rows` : "";
    });
    line.append(label, input, shown);
    box.before(line);
  };

  document.querySelectorAll(".scroll").forEach((box, number) => {
    const table = box.querySelector("table");
    if (!table || !table.tHead || !table.tBodies.length) return;
    makeFilterable(table, box, number);
    makeSortable(table);
  });
}
