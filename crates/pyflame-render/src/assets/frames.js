// The frames as the file has them, put in order: callers first, and the frames of a subtree
// together. A frame's callees are then what follows it until a frame of its own row or below.

function readFrames(svg) {
  if (svg.querySelector('.frames') === null) return { count: 0 };
  // Of very many frames, only the widest have a title and are elements of their own. The others of
  // a colour are drawn by one path, and what is known of them stands together.
  const blob = svg.querySelector('metadata.details');
  const untitled = blob ? blob.textContent.trim().split('\n\n') : [];
  const packs = Array.from(svg.querySelectorAll('.frames .packed'));
  let next = 0;
  const found = [];
  for (const group of svg.querySelectorAll('.frames > g')) {
    for (const rect of group.querySelectorAll('rect')) {
      found.push({
        rect: rect,
        group: group,
        details: rect.firstElementChild ? null : untitled[next++],
        x: parseFloat(rect.getAttribute('x')),
        y: parseFloat(rect.getAttribute('y')),
        width: parseFloat(rect.getAttribute('width')),
      });
    }
    const pack = group.querySelector('.packed');
    if (pack === null) continue;
    const percent = pack.viewBox.baseVal.width / 100;
    for (const part of pack.firstElementChild.getAttribute('d').matchAll(/M(\d+) (\d+)h(\d+)/g)) {
      found.push({
        group: group,
        details: untitled[next++],
        x: part[1] / percent,
        y: +part[2],
        width: part[3] / percent,
      });
    }
  }
  const upwards = svg.querySelector('.frames').dataset.root === 'bottom';
  found.sort(function (a, b) {
    return a.x - b.x || (upwards ? b.y - a.y : a.y - b.y);
  });
  const count = found.length;
  // Undefined for a frame that has no element yet.
  const rects = found.map(function (frame) { return frame.rect; });
  const groups = found.map(function (frame) { return frame.group; });
  const details = found.map(function (frame) { return frame.details; });
  const x = Float64Array.from(found, function (frame) { return frame.x; });
  const y = Float64Array.from(found, function (frame) { return frame.y; });
  const width = Float64Array.from(found, function (frame) { return frame.width; });
  const height = parseFloat(rects[0].getAttribute('height')) + 1;
  const depth = Int32Array.from(y, function (top) { return Math.abs(top - y[0]) / height; });
  const parent = new Int32Array(count).fill(-1);
  const end = new Int32Array(count).fill(count);
  const places = new Map();
  const open = [];
  rects.forEach(function (rect, index) {
    while (open.length > depth[index]) end[open.pop()] = index;
    if (open.length > 0) parent[index] = open[open.length - 1];
    open.push(index);
    if (rect) places.set(rect, index);
  });

  // The element of a frame, made now if there is none.
  function rect(index) {
    if (!rects[index]) {
      rects[index] = make('rect', {
        x: x[index] + '%', y: y[index], width: width[index] + '%', height: height - 1,
      });
      rects[index].append(make('title', {}, details[index]));
      places.set(rects[index], index);
      groups[index].append(rects[index]);
    }
    return rects[index];
  }

  // What is known of a frame, line by line.
  function facts(index) {
    const title = details[index] || rects[index].firstElementChild.textContent;
    const [name, figures = '', place = '', lines = ''] = title.split('\n');
    return { name, figures, place, lines };
  }

  // The colour of a frame's group, by class and by fill.
  function colour(index) {
    const group = groups[index];
    return { name: group.getAttribute('class') || '', fill: group.getAttribute('fill') };
  }

  function contains(outer, inner) {
    return outer <= inner && inner < end[outer];
  }

  // The frame that an event of the mouse is about, or -1.
  function indexOf(event) {
    if (places.has(event.target)) return places.get(event.target);
    return event.target.parentNode.classList.contains('packed') ? under(event) : -1;
  }

  // The frame under the pointer, by where frames are while none is zoomed to.
  function under(event) {
    const root = rects[0].getBoundingClientRect();
    const percent = (event.clientX - root.left) / root.width * 100;
    const row = Math.floor(y[0] + (event.clientY - root.top) / root.height * (height - 1));
    let index = 0;
    while (row < y[index] || row >= y[index] + height) {
      let child = index + 1;
      while (child < end[index] && percent >= x[child] + width[child]) child = end[child];
      if (child >= end[index] || percent < x[child]) return -1;
      index = child;
    }
    return index;
  }

  // Frames that are drawn together are where they are at first, so they are shown only then.
  function showPacked(shown) {
    for (const pack of packs) {
      if (shown) pack.removeAttribute('display');
      else pack.setAttribute('display', 'none');
    }
  }

  return {
    rect, count, upwards, x, y, width, height, depth, parent, end,
    facts, colour, contains, indexOf, showPacked,
    hasPacked: packs.length > 0,
    hasRect: function (index) { return rects[index] !== undefined; },
  };
}

// The place as a label shows it: the last two parts of the path.
function shortPlace(place) {
  const parts = place.split(/[/\\]/);
  return parts.slice(-2).join('/');
}
