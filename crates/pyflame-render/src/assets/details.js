// What is known of the frame under the pointer or in focus, in the rows of facts and legend.

function makeDetails(svg, frames) {
  const header = svg.querySelector('.header > svg');
  const idle = [header.querySelector('.facts'), header.querySelector('.legend')];
  const group = make('g', { class: 'details', display: 'none', 'aria-live': 'polite' });
  const first = make('text', { y: 48 });
  const name = make('tspan', { 'font-weight': 600 });
  const place = make('tspan', { class: 'quiet place', fill: '#6b6f76', dx: 8 });
  const swatch = make('rect', { y: 58, width: 12, height: 12, rx: 3 });
  const second = make('text', { x: 17, y: 68.5 });
  const figures = make('tspan', {});
  const lines = make('tspan', { class: 'quiet', fill: '#6b6f76', dx: 12 });
  first.append(name, place);
  second.append(figures, lines);
  group.append(first, swatch, second);
  header.append(group);
  const ruler = makeRuler(second);
  const boldRuler = makeRuler(name);
  const nameType = svg.dataset.nameType ? svg.dataset.nameType + ' ' : '';
  const idleFacts = idle[0].textContent;

  function show(index, room) {
    const facts = frames.facts(index);
    name.textContent = boldRuler.fit(nameType + facts.name, room);
    const used = boldRuler.width(name.textContent) + 16;
    place.textContent = ruler.fitEnd(facts.place, room - used);
    figures.textContent = ruler.fit(facts.figures, room - 17);
    const left = room - 17 - ruler.width(figures.textContent) - 16;
    lines.textContent = ruler.fit(facts.lines, left);
    const colour = frames.colour(index);
    swatch.setAttribute('class', colour.name);
    swatch.setAttribute('fill', colour.fill);
    toggle(true);
  }

  function toggle(shown) {
    group.setAttribute('display', shown ? 'inline' : 'none');
    for (const element of idle) element.setAttribute('display', shown ? 'none' : 'inline');
  }

  // The facts in idle, which a narrow page can't show in full.
  function fitWidth(room) {
    idle[0].textContent = ruler.fit(idleFacts, room);
    idle[0].append(make('title', {}, idleFacts));
  }

  return { show, fitWidth, hide: function () { toggle(false); } };
}
