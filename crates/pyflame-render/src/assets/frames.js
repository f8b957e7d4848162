// The frames as the file has them, put in order: callers first, and the frames of a subtree
// together. A frame's callees are then what follows it until a frame of its own row or below.

function readFrames(svg) {
  if (svg.querySelector('.frames') === null) return { count: 0 };
  // Of very many frames, only the widest have a title; the others' stand together.
  const blob = svg.querySelector('metadata.details');
  const untitled = blob ? blob.textContent.trim().split('\n\n') : [];
  let next = 0;
  const found = Array.from(svg.querySelectorAll('.frames rect'), function (rect) {
    return {
      rect: rect,
      details: rect.firstElementChild ? null : untitled[next++],
      x: parseFloat(rect.getAttribute('x')),
      y: parseFloat(rect.getAttribute('y')),
      width: parseFloat(rect.getAttribute('width')),
    };
  });
  const upwards = svg.querySelector('.frames').dataset.root === 'bottom';
  found.sort(function (a, b) {
    return a.x - b.x || (upwards ? b.y - a.y : a.y - b.y);
  });
  const count = found.length;
  const rects = found.map(function (frame) { return frame.rect; });
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
    places.set(rect, index);
  });

  // What is known of a frame, line by line.
  function facts(index) {
    const title = details[index] || rects[index].firstElementChild.textContent;
    const [name, figures = '', place = '', lines = ''] = title.split('\n');
    return { name, figures, place, lines };
  }

  // The colour of a frame's group, by class and by fill.
  function colour(index) {
    const group = rects[index].closest('g');
    return { name: group.getAttribute('class') || '', fill: group.getAttribute('fill') };
  }

  function contains(outer, inner) {
    return outer <= inner && inner < end[outer];
  }

  // The frame that an element of the page is, or -1.
  function indexOf(element) {
    return places.has(element) ? places.get(element) : -1;
  }

  return {
    rects, count, upwards, x, y, width, height, depth, parent, end,
    facts, colour, contains, indexOf,
  };
}

// The place as a label shows it: the last two parts of the path.
function shortPlace(place) {
  const parts = place.split(/[/\\]/);
  return parts.slice(-2).join('/');
}
