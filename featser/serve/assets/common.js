// What all pages share: requests with the server's messages as errors, and small helpers.

export class RequestFailed extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const ATTEMPTS = 6;

/** Ask the server; where it is busy, try again after the time that it names, so many times. */
export async function ask(path, options = {}, attempts = ATTEMPTS) {
  for (let attempt = 1; ; attempt += 1) {
    let response;
    try {
      response = await fetch(path, { credentials: "same-origin", redirect: "error", ...options });
    } catch (error) {
      throw new RequestFailed("The server does not answer. Is featser serve still running?", 0);
    }
    if (response.ok) {
      return response;
    }
    if (response.status === 429 && attempt < attempts) {
      const seconds = Number(response.headers.get("Retry-After")) || 1;
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
      continue;
    }
    throw new RequestFailed(await messageOf(response), response.status);
  }
}

async function messageOf(response) {
  try {
    return (await response.json()).error.message;
  } catch (error) {
    return `The server answered ${response.status} ${response.statusText}.`;
  }
}

/** An address with parameters; those without a value are left out. */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") {
      query.set(name, value);
    }
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** Make an element with text and children; text is never read as HTML. */
export function element(tag, { text, className, ...attributes } = {}, children = []) {
  const made = document.createElement(tag);
  if (text !== undefined) {
    made.textContent = text;
  }
  if (className) {
    made.className = className;
  }
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** The value of a colour of the style sheet, which depends on light and dark. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function percent(share) {
  return `${Math.round(100 * share)} %`;
}

export function seconds(value) {
  return `${value.toFixed(value < 10 ? 1 : 0)} s`;
}

/** Let the browser save a file. */
export function save(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
