// Which frames a text or regular expression matches, and how much they cover of what is zoomed to.

function makeSearch(svg, frames) {
  const group = svg.querySelector('.frames');
  const labels = svg.querySelector('.labels');
  let texts = null;
  let matches = [];
  // The frame of the match that was last gone to.
  let current = -1;
  let isOn = false;

  // Something that is no regular expression is looked for as it stands.
  function pattern(term, settings) {
    const flags = settings.matchCase ? 'u' : 'iu';
    if (!settings.regex) return new RegExp(escaped(term), flags);
    try {
      return new RegExp(term.replace(bracketed(flags), escaped), flags);
    } catch (error) {
      return new RegExp(escaped(term), flags);
    }
  }

  // What the frames have in brackets: `[waiting]`, `In [7]`. A regular expression takes brackets
  // for a set of characters, most of which every frame has one of.
  function bracketed(flags) {
    const found = new Set(texts.flatMap(function (text) { return text.match(/\[[^\]]*\]+/g) || []; }));
    return new RegExp(Array.from(found, escaped).join('|'), flags + 'g');
  }

  function escaped(text) {
    return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }

  function textOf(index) {
    const facts = frames.facts(index);
    return facts.place ? facts.name + ' (' + facts.place + ')' : facts.name;
  }

  function search(term, settings) {
    clear();
    if (term === '') return;
    isOn = true;
    if (texts === null) texts = Array.from({ length: frames.count }, function (_, index) { return textOf(index); });
    const wanted = pattern(term, settings);
    texts.forEach(function (text, index) {
      if (wanted.test(text)) matches.push(index);
    });
    for (const index of matches) frames.rect(index).classList.add('match');
    group.classList.add('searching');
    labels.classList.add('searching');
  }

  function clear() {
    for (const index of matches) frames.rect(index).classList.remove('match');
    group.classList.remove('searching');
    labels.classList.remove('searching');
    matches = [];
    current = -1;
    isOn = false;
  }

  // What is counted and gone through: the matches inside of the zoomed frame, so that it stays in
  // view, or where it has none, those of the whole picture.
  function scope(zoomed) {
    const inside = matches.filter(function (index) { return frames.contains(zoomed, index); });
    return inside.length > 0 ? { found: inside, whole: zoomed } : { found: matches, whole: 0 };
  }

  // What matches cover, in percent; one inside another does not count again.
  function covered(found, whole) {
    let sum = 0;
    let end = 0;
    for (const index of found) {
      if (index < end) continue;
      sum += frames.width[index];
      end = frames.end[index];
    }
    return sum / frames.width[whole] * 100;
  }

  // The next match, or with a step of -1 the one before; -1 where nothing matches.
  function step(by, zoomed) {
    const { found } = scope(zoomed);
    if (found.length === 0) return -1;
    const place = found.indexOf(current);
    const next = place < 0 && by < 0 ? -1 : place + by;
    current = found[(next + found.length) % found.length];
    return current;
  }

  function summary(zoomed) {
    if (!isOn) return '';
    if (matches.length === 0) return 'no match';
    const { found, whole } = scope(zoomed);
    const share = covered(found, whole);
    const percent = (share > 99.95 ? '100' : share.toFixed(share < 10 ? 2 : 1)) + '%';
    // Where nothing is zoomed to, there is one whole only.
    const of = zoomed === 0 ? '' : whole === 0 ? ' of all' : ' of zoom';
    const place = found.indexOf(current) + 1;
    return percent + of + ' \u00b7 ' + (place > 0 ? place + '/' : '') + found.length;
  }

  return { search, clear, step, summary };
}

// The search field; `on` has what is to be done at each of its events.
function makeSearchField(host, on) {
  const settings = { regex: true, matchCase: false };
  const place = make('foreignObject', { x: 0, y: 7, width: 10, height: 28, display: 'none' });
  const bar = html('div', { class: 'pyflame-search', role: 'search' });
  const input = html('input', {
    type: 'text', placeholder: 'Search', spellcheck: 'false', autocomplete: 'off',
    'aria-label': 'Search for a function or file',
  });
  const result = html('output', {});
  bar.append(
    input, result,
    button('\u2039', 'Previous match', function () { on.step(-1); }),
    button('\u203a', 'Next match', function () { on.step(1); }),
    toggle('Aa', 'Match case', 'matchCase'),
    toggle('.*', 'Regular expression', 'regex'),
    button('\u00d7', 'End the search', function () { on.end(); }),
  );
  place.append(bar);
  host.append(place);
  input.addEventListener('input', changed);
  input.addEventListener('keydown', function (event) {
    event.stopPropagation();
    if (event.key === 'Enter') on.step(event.shiftKey ? -1 : 1);
    else if (event.key === 'Escape') on.end();
    else if (event.key === 'F3' || (event.key === 'g' && (event.ctrlKey || event.metaKey))) {
      on.step(event.shiftKey ? -1 : 1);
    } else return;
    event.preventDefault();
  });

  function html(name, attributes, content) {
    const element = document.createElementNS(XHTML, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    if (content !== undefined) element.textContent = content;
    return element;
  }

  function button(text, title, action) {
    const element = html('button', { type: 'button', title: title, 'aria-label': title }, text);
    element.addEventListener('click', action);
    return element;
  }

  function toggle(text, title, setting) {
    const element = button(text, title, function () {
      settings[setting] = !settings[setting];
      element.setAttribute('aria-pressed', settings[setting]);
      changed();
    });
    element.setAttribute('aria-pressed', settings[setting]);
    return element;
  }

  function changed() {
    on.change(input.value, settings);
  }

  return {
    place, settings,
    term: function () { return place.getAttribute('display') === 'none' ? '' : input.value; },
    open: function (term) {
      place.removeAttribute('display');
      if (term !== undefined) input.value = term;
      input.focus({ preventScroll: true });
      input.select();
    },
    close: function () { place.setAttribute('display', 'none'); },
    report: function (text) { result.textContent = text; },
  };
}
