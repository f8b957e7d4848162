// Which part of the tree is in view: the frame that fills the width, everything it calls, and its
// callers, stretched and faded.

const FADED = '0.5';
const LEAST_LABEL = 18;
// What the labels of a picture that takes any width are made for on paper: the widest page, and
// frames of this share, in percent, and more. Those in the file are made for the same.
const WIDEST_PAGE = 3000;
const LEAST_SHARE = 100 / 60;

function makeView(svg, frames) {
  const stage = svg.querySelector('.stage');
  const labels = stage.querySelector('.labels');
  const hover = stage.appendChild(makeMark('#1c1c1e', 1));
  const focus = stage.appendChild(makeMark('#1c1c1e', 2));
  const ruler = makeRuler(labels);
  const size = parseFloat(getComputedStyle(labels).fontSize) || 12;
  const baseline = (frames.height - 1) / 2 + size * 0.35;
  // Where each frame is now, in percent; a width of 0 is a hidden frame.
  const x = frames.x.slice();
  const width = frames.width.slice();
  // The frames that were zoomed to, each inside the one before.
  let path = [0];
  let marked = { hover: -1, focus: -1 };

  function makeMark(color, thickness) {
    return make('rect', {
      class: 'mark', display: 'none', fill: 'none', stroke: color,
      'stroke-width': thickness, 'pointer-events': 'none',
    });
  }

  function zoomed() {
    return path[path.length - 1];
  }

  function zoom(index) {
    while (path.length > 1 && !(frames.contains(zoomed(), index) && zoomed() !== index)) path.pop();
    if (index !== 0) path.push(index);
    draw();
  }

  // Back to the frame that was zoomed to before this one.
  function unzoom() {
    if (path.length > 1) path.pop();
    draw();
  }

  function draw() {
    const target = zoomed();
    const scale = 100 / frames.width[target];
    frames.showPacked(target === 0);
    for (let index = 0; index < frames.count; index += 1) {
      if (frames.contains(target, index)) {
        place(index, (frames.x[index] - frames.x[target]) * scale, frames.width[index] * scale);
      } else if (frames.contains(index, target)) {
        place(index, 0, 100);
      } else if (width[index] !== 0) {
        width[index] = 0;
        if (frames.hasRect(index)) frames.rect(index).setAttribute('display', 'none');
      }
    }
    for (let index = 0; index < frames.count; index += 1) {
      if (!frames.hasRect(index)) continue;
      const rect = frames.rect(index);
      if (index < target && width[index] !== 0) rect.setAttribute('opacity', FADED);
      else if (rect.hasAttribute('opacity')) rect.removeAttribute('opacity');
    }
    drawLabels();
  }

  function place(index, newX, newWidth) {
    // Where nothing is zoomed to, a frame without an element is drawn together with others.
    const isNew = !frames.hasRect(index);
    if (zoomed() !== 0 || !isNew) {
      const rect = frames.rect(index);
      if (width[index] === 0) rect.removeAttribute('display');
      if (isNew || x[index] !== newX) rect.setAttribute('x', newX + '%');
      if (isNew || width[index] !== newWidth) rect.setAttribute('width', newWidth + '%');
    }
    x[index] = newX;
    width[index] = newWidth;
  }

  // The width of the stage in the picture's own units.
  function stageWidth() {
    return frames.rect(0).getBBox().width;
  }

  function drawLabels() {
    const unit = stageWidth() / 100;
    const drawn = document.createDocumentFragment();
    for (let index = 0; index < frames.count; index += 1) {
      const room = width[index] * unit - 7;
      // An edge alone is not worth an element.
      if (!frames.hasRect(index) && room < LEAST_LABEL - 7) continue;
      const rect = frames.rect(index);
      const edged = rect.hasAttribute('stroke');
      if (edged !== room > -4) {
        if (edged) rect.removeAttribute('stroke');
        else rect.setAttribute('stroke', '#ffffff');
      }
      if (room >= LEAST_LABEL - 7) drawn.append(label(index, room));
    }
    labels.replaceChildren(drawn);
    mark('hover', marked.hover);
    mark('focus', marked.focus);
  }

  // Labels for paper, the width of which browsers tell scripts too late or not at all. So each
  // stands in a box of its frame's share, which cuts it off at the frame's end.
  function drawLabelsForPaper() {
    if (svg.getAttribute('width') !== '100%') return;
    const drawn = document.createDocumentFragment();
    for (let index = 0; index < frames.count; index += 1) {
      if (width[index] < LEAST_SHARE) continue;
      const box = make('svg', { x: x[index] + '%', width: width[index] + '%' });
      box.append(label(index, width[index] * WIDEST_PAGE / 100));
      box.firstChild.setAttribute('x', 0);
      drawn.append(box);
    }
    labels.replaceChildren(drawn);
  }

  function label(index, room) {
    const facts = frames.facts(index);
    const colour = frames.colour(index).name;
    const text = make('text', { x: x[index] + '%', dx: 4, y: frames.y[index] + baseline });
    // Not the opacity of the fill, of which the place has its own.
    if (index < zoomed()) text.setAttribute('opacity', FADED);
    if (frames.rect(index).classList.contains('match')) text.setAttribute('class', 'match');
    if (colour === 'w' || colour === 'x') text.setAttribute('font-style', 'italic');
    if (colour === 'x') halo(text);
    text.textContent = ruler.fit(facts.name, room);
    const left = room - ruler.width(facts.name) - 9;
    // A cell of a notebook is named like its file.
    const isNamed = facts.place.startsWith(facts.name + ':');
    const place = isNamed ? '' : shortPlace(facts.place);
    if (place && left > 0 && ruler.width(place) <= left) {
      text.append(make('tspan', { class: 'place', dx: 7, 'fill-opacity': 0.62 }, place));
    }
    return text;
  }

  function halo(text) {
    text.setAttribute('class', 'halo ' + (text.getAttribute('class') || ''));
    text.setAttribute('font-weight', 600);
    text.setAttribute('paint-order', 'stroke');
    text.setAttribute('stroke', '#ffe3e3');
    text.setAttribute('stroke-width', 3);
  }

  // Draws an edge around a frame; -1 takes it away.
  function mark(kind, index) {
    marked[kind] = index;
    const edge = kind === 'hover' ? hover : focus;
    const shown = index >= 0 && width[index] > 0;
    edge.setAttribute('display', shown ? 'inline' : 'none');
    if (!shown) return;
    const least = 200 / stageWidth();
    edge.setAttribute('x', x[index] + '%');
    edge.setAttribute('width', Math.max(width[index], least) + '%');
    edge.setAttribute('y', frames.y[index]);
    edge.setAttribute('height', frames.height - 1);
  }

  return {
    zoom, unzoom, zoomed, draw, drawLabels, drawLabelsForPaper, mark, stageWidth,
    focused: function () { return marked.focus; },
    hovered: function () { return marked.hover; },
    isShown: function (index) { return width[index] > 0; },
  };
}
