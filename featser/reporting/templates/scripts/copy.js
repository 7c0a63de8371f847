// Buttons that copy the text of an element.
{
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    const label = button.textContent;
    const show = (text) => {
      button.textContent = text;
      setTimeout(() => { button.textContent = label; }, 2000);
    };
    const select = () => {
      const selection = getSelection();
      selection.removeAllRanges();
      const range = document.createRange();
      range.selectNodeContents(source);
      selection.addRange(range);
      show(document.execCommand("copy") ? "Copied" : "Selected: press Ctrl+C");
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      if (navigator.clipboard && isSecureContext) {
        navigator.clipboard.writeText(source.textContent).then(() => show("Copied"), select);
      } else {
        select();
      }
    });
  }
}
