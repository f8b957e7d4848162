// Text that has to fit a width.
//
// Asking the page how wide a text is makes it lay out everything drawn so far; we add up the
// widths of characters instead, each of which is measured once.

const SVG = 'http://www.w3.org/2000/svg';
const XHTML = 'http://www.w3.org/1999/xhtml';
const ELLIPSIS = '\u2026';

function make(name, attributes, content) {
  const element = document.createElementNS(SVG, name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (content !== undefined) element.textContent = content;
  return element;
}

function makeRuler(element) {
  const style = getComputedStyle(element);
  const size = parseFloat(style.fontSize) || 12;
  const canvas = document.createElementNS(XHTML, 'canvas');
  const context = canvas.getContext && canvas.getContext('2d');
  if (context) context.font = style.fontWeight + ' ' + style.fontSize + ' ' + style.fontFamily;
  const widths = new Map();

  function widthOf(character) {
    let width = widths.get(character);
    if (width === undefined) {
      width = context ? context.measureText(character).width : size * 0.6;
      widths.set(character, width);
    }
    return width;
  }

  function width(text) {
    let sum = 0;
    for (const character of text) sum += widthOf(character);
    return sum;
  }

  // The longest beginning of `text` that fits, with an ellipsis where something is missing.
  function fit(text, room) {
    let sum = 0;
    let end = 0;
    let cut = 0;
    const reserve = widthOf(ELLIPSIS);
    for (const character of text) {
      sum += widthOf(character);
      if (sum > room) return cut > 0 ? text.slice(0, cut) + ELLIPSIS : '';
      end += character.length;
      if (sum + reserve <= room) cut = end;
    }
    return text;
  }

  // The longest end of `text` that fits: of a path, the file matters most.
  function fitEnd(text, room) {
    if (width(text) <= room) return text;
    const characters = Array.from(text);
    let sum = widthOf(ELLIPSIS);
    let start = characters.length;
    while (start > 0 && sum + widthOf(characters[start - 1]) <= room) {
      start -= 1;
      sum += widthOf(characters[start]);
    }
    return start < characters.length ? ELLIPSIS + characters.slice(start).join('') : '';
  }

  return { width, fit, fitEnd };
}
